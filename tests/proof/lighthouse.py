"""`make lighthouse`: what Lighthouse says of the pages that matter, on a phone, held to our goals.

Run by platform/bin/with-browser and with-node, which name CHROMIUM, NODE and LIGHTHOUSE. The whole
report is left in var/lighthouse/report.json; exits 1 when a goal is missed.

Lighthouse takes this machine to be four times as fast as a phone. Where its own benchmark says that
it is slower than that (an old one, or one with much else to do), a page that misses a goal is
measured again at what is left of the difference.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Any

from playwright.sync_api import sync_playwright

from tests.operations.processes import ROOT
from tests.proof.pages import LESSON, SCORED, Shown, used_for
from tests.proof.people import PEOPLE, cast_of
from tests.proof.served import SiteFailed, as_in_production, interruptible

PLACE = ROOT / "var" / "lighthouse"
DATA = PLACE / "data"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
CHROME = "--headless=new --no-sandbox --disable-gpu --disable-background-networking"
TRIES = 3
KB = 1024
# The benchmark index of a phone of the middle class: a quarter of a fast desktop's.
PHONE, SLOWDOWN = 400, 4.0

SCORE = 95
# On a lesson's page besides: milliseconds, shift, compressed KB before media and cover.
LESSON_LCP, LESSON_CLS, LESSON_KB, LESSON_JS_KB = 1500, 0.0, 60.0, 25.0


@dataclass(frozen=True)
class Measure:
    """What one look at a page gave. Sizes are KB as they came over the wire."""

    name: str
    path: str
    scores: dict[str, int]
    lcp: float
    cls: float
    html: float
    css: float
    js: float
    benchmark: float  # how fast this machine was
    complaints: list[str]

    def misses(self, *, is_lesson: bool) -> list[str]:
        """The goals it does not reach."""
        found = [f"{name} {score}" for name, score in self.scores.items() if score < SCORE]
        if is_lesson:
            weight = self.html + self.css + self.js
            found += [f"LCP {self.lcp:.0f} ms"] if self.lcp > LESSON_LCP else []
            found += [f"CLS {self.cls}"] if self.cls > LESSON_CLS else []
            found += [f"{weight:.1f} KB"] if weight > LESSON_KB else []
            found += [f"{self.js:.1f} KB of script"] if self.js > LESSON_JS_KB else []
        return found


class LookFailed(Exception):
    """Lighthouse or its chromium gave up; says why."""


def main() -> int:
    say("Looking at the pages with Lighthouse; this takes some minutes.")
    missed: dict[str, list[str]] = {}
    measures: list[Measure] = []
    try:
        with as_in_production(DATA, say=lambda what: say(f"  {what} …")) as address:
            pages = used_for(SCORED)
            say("  coming in …")
            headers = {who: headers_of(who, address) for who in {page.who for page in pages}}
            for number, page in enumerate(pages, start=1):
                say(f"  {number}/{len(pages)} {page.path}")
                measure = best_of(page, address, headers[page.who])
                measures.append(measure)
                if misses := measure.misses(is_lesson=LESSON in page.uses):
                    missed[page.name] = misses
    except SiteFailed as problem:
        say(f"The site did not start:\n{problem}")
        return 1
    except LookFailed as problem:
        say(f"Lighthouse could not look at {problem}")
        return 1
    report = {"pages": [asdict(each) for each in measures], "missed": missed}
    (PLACE / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=2))
    say(table(measures))
    for measure in measures:
        for complaint in measure.complaints:
            say(f"  {measure.name}: {complaint}")
    for name, misses in missed.items():
        say(f"Missed: {name}: {', '.join(misses)}")
    say(f"All of it: {(PLACE / 'report.json').relative_to(ROOT)}")
    return 1 if missed else 0


def headers_of(who: str, address: str) -> dict[str, str]:
    """What a browser sends once somebody has come by the real doors."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ["CHROMIUM"], args=["--no-sandbox"]
        )
        context = browser.new_context(base_url=address)
        PEOPLE[who](context.new_page(), cast_of(DATA))
        cookies = [f"{each['name']}={each['value']}" for each in context.cookies()]
        browser.close()
    return {"Cookie": "; ".join(cookies)}


def best_of(page: Shown, address: str, headers: dict[str, str]) -> Measure:
    """The first that misses nothing, else the one that misses least of several."""
    tries: list[Measure] = []
    slowdown = SLOWDOWN
    for left in reversed(range(TRIES)):
        try:
            tries.append(measure(page, address, headers, slowdown))
        except LookFailed:
            if not left and not tries:
                raise
            continue
        if not (misses := tries[-1].misses(is_lesson=LESSON in page.uses)):
            return tries[-1]
        slowdown = min(SLOWDOWN, max(1.0, tries[-1].benchmark / PHONE))
        if left:
            say(f"    {', '.join(misses)}: once more, {slowdown:.1f} times slower than it is")
    return max(tries, key=lambda each: (sum(each.scores.values()), -each.lcp))


def measure(page: Shown, address: str, headers: dict[str, str], slowdown: float) -> Measure:
    output = PLACE / f"{page.name}.json"
    done = subprocess.run(
        [
            os.environ["NODE"],
            os.environ["LIGHTHOUSE"],
            f"{address}{page.path}",
            "--quiet",
            "--output=json",
            f"--output-path={output}",
            f"--only-categories={','.join(CATEGORIES)}",
            f"--chrome-flags={CHROME}",
            f"--extra-headers={json.dumps(headers)}",
            f"--throttling.cpuSlowdownMultiplier={slowdown:.2f}",
            "--no-enable-error-reporting",
        ],
        cwd=ROOT,
        env={**os.environ, "CHROME_PATH": os.environ["CHROMIUM"]},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LookFailed(f"{page.path}: {done.stderr.strip()[-1000:]}")
    return read(page, json.loads(output.read_text(encoding="utf-8")))


def read(page: Shown, report: dict[str, Any]) -> Measure:
    """What we want to know of Lighthouse's own report."""
    audits = report["audits"]
    weights = {"Document": 0, "Stylesheet": 0, "Script": 0}
    for request in audits["network-requests"]["details"]["items"]:
        if request.get("resourceType") in weights:
            weights[request["resourceType"]] += request["transferSize"]
    counted = {
        reference["id"]
        for category in CATEGORIES
        for reference in report["categories"][category]["auditRefs"]
        if reference["weight"]
    }
    return Measure(
        name=page.name,
        path=page.path,
        scores={name: round(report["categories"][name]["score"] * 100) for name in CATEGORIES},
        lcp=audits["largest-contentful-paint"]["numericValue"],
        cls=round(audits["cumulative-layout-shift"]["numericValue"], 3),
        html=weights["Document"] / KB,
        css=weights["Stylesheet"] / KB,
        js=weights["Script"] / KB,
        benchmark=report["environment"]["benchmarkIndex"],
        complaints=[
            f"{audit['title']} ({audit.get('displayValue') or name})"
            for name, audit in audits.items()
            if name in counted and audit["score"] is not None and audit["score"] < 0.9
        ],
    )


def table(measures: list[Measure]) -> str:
    head = ["page", "perf", "a11y", "best", "seo", "LCP", "CLS", "html", "css", "js", "KB", "cpu"]
    rows = [head]
    for each in measures:
        sizes = (each.html, each.css, each.js, each.html + each.css + each.js)
        rows.append(
            [
                each.name,
                *(str(each.scores[category]) for category in CATEGORIES),
                f"{each.lcp / 1000:.2f} s",
                f"{each.cls:g}",
                *(f"{size:.1f}" for size in sizes),
                f"{each.benchmark:.0f}",
            ]
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = (
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "\n" + "\n".join(lines) + "\n"


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(interruptible(main))
