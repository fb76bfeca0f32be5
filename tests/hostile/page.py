"""What a browser would run, load or follow in a page: the things that a student's text must never add to one."""

from collections import Counter
from html.parser import HTMLParser

_LOADS = {"iframe", "frame", "object", "embed", "applet", "form", "base", "meta", "link", "audio", "video", "source"}
_ADDRESSES = ("href", "src", "action", "formaction", "xlink:href", "srcset", "poster", "data", "background")
_FOLLOWED = ("#", "data:image/", "https://", "http://", "mailto:")


class _Active(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "script" or tag in _LOADS:
            self.found[f"<{tag}>"] += 1
        for name, value in attributes:
            target = (value or "").strip().lower()
            if name.startswith("on"):
                self.found[f"{tag} {name}="] += 1
            elif name in _ADDRESSES and tag == "a" and not target.startswith(_FOLLOWED):
                self.found[f"a link to {target[:40]}"] += 1
            elif name in _ADDRESSES and tag != "a" and not target.startswith(("#", "data:image/")):
                self.found[f"{tag} {name}={target[:40]}"] += 1
            elif name == "style" and ("url(" in target or "position" in target):
                self.found[f"{tag} style"] += 1


def active_parts(html: str) -> Counter[str]:
    """Scripts, handlers, what is loaded and where links lead, counted."""
    parser = _Active()
    parser.feed(html)
    return parser.found


def added(html: str, honest: Counter[str]) -> list[str]:
    """What a page holds of these beyond the page of an honest student."""
    return sorted((active_parts(html) - honest).elements())
