"""Takes out of a student's text and outputs whatever a browser would run, load or follow.

`nbgrader_config.py` names the two filters here, so that nbgrader's feedback and its formgrader render with them. The
page of a grader is worth attacking: what it loads or follows, it does with the grader's rights.
"""

import base64
import binascii
import re

import bleach
from bleach.css_sanitizer import CSSSanitizer
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.filters.markdown_mistune import InvalidNotebook, IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.wire import encodable

_PICTURES = ("image/png", "image/jpeg")
_MAX_PICTURE = 4 << 20
_TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "div", "span", "details", "summary", "img", "a"),
    *("blockquote", "code", "pre", "kbd", "ul", "ol", "li", "dl", "dt", "dd"),
    *("abbr", "b", "del", "em", "i", "mark", "s", "small", "strong", "sub", "sup", "u"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
}
_STYLES = CSSSanitizer(
    [
        *("border", "border-bottom", "border-collapse", "border-left", "border-radius", "padding", "width", "display"),
        *("background-color", "color", "font-family", "font-size", "font-style", "font-weight", "line-height"),
        *("text-align", "vertical-align", "white-space"),
    ]
)
_SHAPES = {"alt", "colspan", "height", "open", "rowspan", "start", "style", "title", "width"}
_LINK = re.compile(r"(?:https?://|mailto:|#)", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*")
_TOKEN = re.compile(r"highlight|[a-z][a-z0-9]?")  # of highlighted code; other classes could imitate the page


def clean_html(html: str | bytes) -> str:
    """What HTML shows, as HTML without scripts, forms, ids, foreign pictures or links inside this site."""
    text = html.decode() if isinstance(html, bytes) else str(html)
    return bleach.clean(
        text,
        tags=_TAGS,
        attributes=_allowed,
        protocols=("http", "https", "mailto", "data"),
        css_sanitizer=_STYLES,
        strip_comments=True,
    )


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "a" and name == "href":
        return bool(_LINK.match(value.strip()))
    if tag == "img" and name == "src":
        return bool(_PICTURE.fullmatch(value.strip()))
    if name == "class":
        return tag in ("div", "span") and all(_TOKEN.fullmatch(part) for part in value.split())
    return name in _SHAPES


@pass_context
def markdown_to_html(context: Context, source: str) -> str:
    """Markdown as clean HTML: what HTML a student writes into it is cleaned as well."""
    attachments = context.get("cell", {}).get("attachments", {})
    renderer = IPythonRenderer(escape=False, attachments=attachments, exclude_anchor_links=True)
    try:
        html = MarkdownWithMath(renderer=renderer).render(source)
    except InvalidNotebook:  # one of the pictures is not attached: better a page without pictures than none
        html = MarkdownWithMath(renderer=renderer).render(source.replace("attachment:", "missing:"))
    return clean_html(html)


def clean_outputs(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs of a student's cell as plain text and pictures."""
    return [cleaned for output in outputs if (cleaned := _clean(output)) is not None]


def _clean(output: NotebookNode) -> NotebookNode | None:
    match output.output_type:
        case "stream":
            name = "stderr" if output.name == "stderr" else "stdout"
            return new_output("stream", name=name, text=encodable(str(output.text)))
        case "error":
            name, value = encodable(str(output.ename)), encodable(str(output.evalue))
            lines = [encodable(str(line)) for line in output.get("traceback", [])]
            return new_output("error", ename=name, evalue=value, traceback=lines)
        case "display_data" | "execute_result" as kind:
            data = {"text/plain": encodable(str(output.data["text/plain"]))} if "text/plain" in output.data else {}
            data |= {kind: output.data[kind] for kind in _PICTURES if _is_base64(output.data.get(kind))}
            return new_output(kind, data=data) if data else None
    return None


def _is_base64(data: object) -> bool:
    if not isinstance(data, str) or len(data) > _MAX_PICTURE:
        return False
    try:
        base64.b64decode(data.replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
