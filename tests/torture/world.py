"""The site's contents: courses for sale, lessons to hear, and people for each round."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from django.test import Client

from accounts.models import User
from courses.models import CoursePage, LessonPage
from payments.models import Price
from tests.accounts.factories import PASSWORD, UserFactory
from tests.factories import MediaFactory, course, lesson
from tests.payments.factories import course_price
from tests.torture.facts import Acknowledged
from tests.torture.load import Browser, Buyer, Courier, Listener, SignIn, Writer

LENGTH = 3000.0  # seconds of a lesson
COURSES = 12


@dataclass
class World:
    port: int
    lessons: list[LessonPage]
    for_sale: list[tuple[CoursePage, Price]]

    def people(self, told: Acknowledged, dice: random.Random) -> list[Callable[[], None]]:
        """Four who listen, two of whom take notes; two who buy, one who signs in; and Stripe."""
        learners: list[User] = [UserFactory(password=PASSWORD) for _ in range(6)]
        crowd: list[Callable[[], None]] = [
            Listener(self._browser(learner, told), learner, dice.choice(self.lessons), own, told)
            for learner in learners[:4]
            for own in [random.Random(dice.random())]
        ]
        for learner in learners[:2]:
            own = random.Random(dice.random())
            place = dice.choice(self.lessons)
            crowd.append(Writer(self._browser(learner, told), learner, place, own, told))
        for learner in learners[4:]:
            wanted = dice.sample(self.for_sale, len(self.for_sale))
            own = random.Random(dice.random())
            crowd.append(Buyer(self._browser(learner, told), learner, wanted, own, told))
        crowd.append(SignIn(self.port, learners, random.Random(dice.random()), told))
        crowd.append(Courier(Browser(self.port, told), random.Random(dice.random()), told))
        return crowd

    def _browser(self, learner: User, told: Acknowledged) -> Browser:
        known = Client()
        known.force_login(learner)
        return Browser(self.port, told, {"sessionid": known.cookies["sessionid"].value})


def make(port: int) -> World:
    sound = MediaFactory(duration=LENGTH)
    studied = course()
    lessons = [lesson(studied, audio=sound, free_preview=True) for _ in range(3)]
    pages = [course() for _ in range(COURSES)]
    return World(port, lessons, [(page, course_price(page)) for page in pages])
