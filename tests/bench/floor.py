"""The floors: what a page and a beat cost in any Django project.

The page: session, user, two queries, one template that gives 9.5 KB. The beat: a signed token and
one upsert. Written as one would write them; nothing of the site stands around them.
"""

import json

from django.contrib.auth.decorators import login_required
from django.core import signing
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from courses.models import Discipline, Instructor

PEOPLE, SUBJECTS = 24, 8
signer = signing.Signer(salt="floor")

TABLE = """
CREATE TABLE floor_beat (
    learner_id bigint NOT NULL,
    lesson_id bigint NOT NULL,
    seq integer NOT NULL,
    position double precision NOT NULL,
    ranges text NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    PRIMARY KEY (learner_id, lesson_id)
)
"""
UPSERT = """
INSERT INTO floor_beat (learner_id, lesson_id, seq, position, ranges, updated_at)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (learner_id, lesson_id) DO UPDATE SET
    seq = excluded.seq, position = excluded.position, ranges = excluded.ranges,
    updated_at = excluded.updated_at
"""


@login_required
def page(request: HttpRequest) -> HttpResponse:
    context = {
        "people": Instructor.objects.order_by("name")[:PEOPLE],
        "subjects": Discipline.objects.order_by("name")[:SUBJECTS],
    }
    return render(request, "floor.html", context, using="plain")


@csrf_exempt
@require_POST
def beat(request: HttpRequest) -> HttpResponse:
    told = json.loads(request.body)
    try:
        learner, lesson = signer.unsign_object(told["token"])
    except signing.BadSignature:
        return HttpResponse(status=401)
    ranges = json.dumps(told["ranges"])
    values = [learner, lesson, told["seq"], told["position"], ranges, timezone.now()]
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, values)
    return HttpResponse(status=204)
