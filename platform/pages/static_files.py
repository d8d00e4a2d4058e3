"""The style and the script as one file each, and hashed names for imported modules too.

The sources are plain: css/site.css imports its parts, js/site.js its modules. What is sent is
css/bundle.css and js/bundle.js: the same text with every import set in place, so that a page asks
once and compression sees it whole. Both are made when first asked for and whenever a part changes,
under runserver as under collectstatic.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

CSS_IMPORT = re.compile(
    r'^@import "(?P<path>[\w./-]+)" layer\((?P<layer>\w+)\)(?: (?P<media>\w+))?;$', re.MULTILINE
)
JS_IMPORT = re.compile(r'^import (?:\{[^}]+\} from )?"(?P<path>\.[\w./-]+)";\n', re.MULTILINE)
JS_LATER = re.compile(r'\bimport\("(?P<path>\.[\w./-]+)"\)')
# What a browser need not read: comments that have a line of their own or end one, indentation.
SPARE = re.compile(
    r"/\*.*?\*/|^[ \t]*//[^\n]*|(?<=[;,{}]) // [^\n]*|^[ \t]+|\n(?=\s*\n)",
    re.DOTALL | re.MULTILINE,
)


def bundled_style(source: Path) -> str:
    """A style sheet with its imports set in place, each in its layer."""

    def inlined(found: re.Match[str]) -> str:
        body = (source.parent / found["path"]).read_text(encoding="utf-8")
        if found["media"]:
            body = f"@media {found['media']} {{\n{body}}}\n"
        return f"@layer {found['layer']} {{\n{body}}}"

    return CSS_IMPORT.sub(inlined, source.read_text(encoding="utf-8"))


def bundled_script(source: Path) -> str:
    """A module after all that it imports, in one scope: so no two modules may declare one name
    at their top (the browser refuses that), and exports are by declaration only. What a module
    imports later, it names as from its own folder: the bundle names it as from where it lies."""
    folder = source.resolve().parent
    seen: set[Path] = set()

    def with_imports(module: Path) -> str:
        if module in seen:
            return ""
        seen.add(module)
        text = module.read_text(encoding="utf-8")
        needed = [(module.parent / found["path"]).resolve() for found in JS_IMPORT.finditer(text)]

        def from_bundle(found: re.Match[str]) -> str:
            later = (module.parent / found["path"]).resolve()
            return f'import("./{later.relative_to(folder).as_posix()}")'

        text = JS_LATER.sub(from_bundle, text)
        own = re.sub(r"^export ", "", JS_IMPORT.sub("", text), flags=re.MULTILINE)
        return "".join(map(with_imports, needed)) + own

    return with_imports(source.resolve())


BUNDLES = {
    "css/bundle.css": ("css/site.css", bundled_style),
    "js/bundle.js": ("js/site.js", bundled_script),
}


class BundleFinder(BaseFinder):
    """Gives the bundles to staticfiles."""

    def __init__(self, app_names: list[str] | None = None) -> None:
        self.sources = Path(settings.STATICFILES_DIRS[0])
        self.storage = FileSystemStorage(location=Path(settings.DATA) / "bundles")

    def check(self, **kwargs: object) -> list[CheckMessage]:
        return []

    # Django asks for an empty list where its type stubs say None.
    def find(self, path: str, find_all: bool = False) -> str | list[str]:  # type: ignore[override]
        if path not in BUNDLES:
            return []
        return [self.make(path)] if find_all else self.make(path)

    def list(
        self, ignore_patterns: Iterable[str] | None
    ) -> Iterator[tuple[str, FileSystemStorage]]:
        for path in BUNDLES:
            self.make(path)
            yield path, self.storage

    def make(self, path: str) -> str:
        name, bundle = BUNDLES[path]
        source = self.sources / name
        target = Path(self.storage.path(path))
        parts = source.parent.rglob(f"*{source.suffix}")
        if not target.exists() or target.stat().st_mtime_ns < max(
            part.stat().st_mtime_ns for part in parts
        ):
            target.parent.mkdir(parents=True, exist_ok=True)
            unfinished = target.with_suffix(".new")
            unfinished.write_text(SPARE.sub("", bundle(source)), encoding="utf-8")
            unfinished.replace(target)
        return str(target)


class HashedStorage(CompressedManifestStaticFilesStorage):
    """Production's storage; imports between modules are rewritten to the hashed names."""

    support_js_module_import_aggregation = True
