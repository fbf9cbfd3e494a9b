"""The bare deck: 16 : 9, two layouts of our own, text that is made to fit, tables. What goes on it is in `slides.py`.

Built on python-pptx's template, whose layouts are 4 : 3; ours keep its placeholders, so that outlines, screen readers
and a company's own theme find titles where they expect them.
"""

import re
import unicodedata
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR
from pptx.oxml.ns import qn
from pptx.presentation import Presentation as Deck
from pptx.slide import Slide, SlideLayout
from pptx.util import Emu, Inches, Pt

WIDTH, HEIGHT = Inches(13.333), Inches(7.5)
EDGE = Inches(0.6)
TOP = Inches(1.75)  # where what stands below a title begins
BOTTOM = Inches(6.95)
ACROSS = Emu(WIDTH - 2 * EDGE)
INK, QUIET, PALE, BLUE, WHITE = (
    RGBColor.from_string(code) for code in ("1B2733", "55636F", "F4F6F8", "0072B2", "FFFFFF")
)
MARK = (("1111", "0072B2"), ("1010", "D55E00"))  # two rows of the sign: what is kept of one embedding and the other

# where a line must not break
_HYPHEN = re.compile(r"(?<=\bE)-(?=Mixup|Stitchup)")
_TOGETHER = re.compile(r"\bSoft E\b|\(\d+ of \d+\)$")

Box = tuple[int, int, int, int]  # left, top, width, height in EMU


class Layouts:
    """A new deck with a layout for the first slide and one for findings."""

    def __init__(self) -> None:
        self.deck: Deck = Presentation()
        self.deck.slide_width, self.deck.slide_height = WIDTH, HEIGHT
        self.opening, self.finding = self.deck.slide_layouts[0], self.deck.slide_layouts[5]
        for layout in list(self.deck.slide_layouts):
            if layout not in (self.opening, self.finding):
                self.deck.slide_layouts.remove(layout)
        _place(self.deck.slide_master, 0, (EDGE, Inches(0.45), ACROSS, Inches(1.15)))
        _place(self.opening, 0, (EDGE, Inches(2.0), ACROSS, Inches(1.7)))
        _place(self.opening, 1, (EDGE, Inches(3.85), ACROSS, Inches(2.3)))
        _place(self.finding, 0, (EDGE, Inches(0.45), ACROSS, Inches(1.15)))
        for holder in (self.deck.slide_master, self.opening, self.finding):
            _drop_small_print(holder)

    def add(self, layout: SlideLayout, title: str, size: float, notes: str) -> Slide:
        """Add a slide with a title that fits in two lines, and with notes."""
        slide = self.deck.slides.add_slide(layout)
        holder = slide.shapes.title
        holder.text_frame.word_wrap = True
        holder.text_frame.vertical_anchor = MSO_ANCHOR.BOTTOM if layout is self.opening else MSO_ANCHOR.MIDDLE
        title = unbroken(title)
        write(holder.text_frame, [title], fitting(title, holder.width, size, lines=2, smallest=16), INK, bold=True)
        slide.notes_slide.notes_text_frame.text = safe(notes)
        return slide

    def file(self) -> bytes:
        """Return the deck as a .pptx file."""
        content = BytesIO()
        self.deck.save(content)
        return content.getvalue()


def _place(holder: Any, position: int, box: Box) -> None:
    for shape in holder.placeholders:
        if shape.placeholder_format.idx == position:
            shape.left, shape.top, shape.width, shape.height = box


def _drop_small_print(holder: Any) -> None:
    """Take away the places of date, footer and number, which stand where 4 : 3 had them."""
    for shape in list(holder.placeholders):
        if shape.placeholder_format.idx in (10, 11, 12) or (shape.element.ph.get("type") in ("dt", "ftr", "sldNum")):
            shape.element.getparent().remove(shape.element)


def safe(text: str) -> str:
    """Return text without control characters and what else XML forbids: surrogates, and what is no character."""
    return "".join(letter for letter in text if letter in "\n\t" or _is_written(letter))


def _is_written(letter: str) -> bool:
    return unicodedata.category(letter) not in ("Cc", "Cs") and ord(letter) & 0xFFFE != 0xFFFE


def unbroken(text: str) -> str:
    """Return text in which no line breaks within the name of an augmentation, or within “(1 of 2)” at the end."""
    return _HYPHEN.sub("\u2011", _TOGETHER.sub(lambda found: found[0].replace(" ", "\u00a0"), text))


def letters(text: str) -> float:
    """Return how wide a text is, in letters of mean width."""
    return sum(1.8 if unicodedata.east_asian_width(letter) in "WF" else 1.0 for letter in text)


def fitting(text: str, width: int, largest: float, lines: int, smallest: float = 10.0) -> float:
    """Return the largest size in points at which a text stays within so many lines of this width in EMU."""
    size = largest
    while size > smallest and letters(text) * 0.6 * size > 0.92 * lines * Emu(width).pt:
        size -= 1
    return size


def write(
    frame: Any, paragraphs: Sequence[str], size: float, colour: RGBColor = INK, *, bold: bool = False, gap: float = 0
) -> None:
    """Write paragraphs into a text frame, in one size, with `gap` points between them."""
    frame.clear()
    for position, words in enumerate(paragraphs):
        paragraph = frame.paragraphs[0] if position == 0 else frame.add_paragraph()
        run = paragraph.add_run()
        run.text = safe(words)
        run.font.size, run.font.bold, run.font.color.rgb = Pt(size), bold, colour
        paragraph.alignment = None
        paragraph.space_before = Pt(gap if position else 0)
        _left(paragraph)


def _left(paragraph: Any) -> None:
    """Align at the start of a line, and let right-to-left scripts begin on the right."""
    text = paragraph.text
    first = next((letter for letter in text if unicodedata.bidirectional(letter) in ("L", "R", "AL")), "a")
    properties = paragraph._p.get_or_add_pPr()
    rightwards = unicodedata.bidirectional(first) in ("R", "AL")
    properties.set("algn", "r" if rightwards else "l")
    if rightwards:
        properties.set("rtl", "1")


def add_text(slide: Slide, box: Box, paragraphs: Sequence[str], size: float, colour: RGBColor = INK) -> None:
    """Add a text box."""
    frame = slide.shapes.add_textbox(*box).text_frame
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = 0
    write(frame, [unbroken(paragraph) for paragraph in paragraphs], size, colour, gap=4)


def add_mark(slide: Slide) -> None:
    """Draw the sign: squares, some from one embedding and some from the other."""
    side, step = Inches(0.16), Inches(0.2)
    for row, (pattern, colour) in enumerate(MARK):
        for column, filled in enumerate(pattern):
            square = slide.shapes.add_shape(
                MSO_SHAPE.RECTANGLE, EDGE + column * step, Inches(0.6) + row * step, side, side
            )
            square.fill.solid()
            square.fill.fore_color.rgb = RGBColor.from_string(colour)
            square.line.fill.background()
            if filled == "0":
                alpha = square.fill._xPr.find(qn("a:solidFill"))[0].makeelement(qn("a:alpha"), {"val": "35000"})
                square.fill._xPr.find(qn("a:solidFill"))[0].append(alpha)


def describe(shape: Any, alt: str) -> None:
    """Give a shape its text for who cannot see it."""
    shape._element.xpath(".//p:cNvPr")[0].set("descr", safe(alt))
