# /// script
# requires-python = ">=3.11"
# dependencies = ["pillow==13.0.0", "matplotlib==3.11.2"]
# ///
"""Makes the sample images and their manifest: `uv run examples/documents/samples/make_samples.py`.

The same versions give the same pixels: the only chance is a seeded generator, and the fonts (DejaVu, taken
from the matplotlib package that the header above pins) are needed here only, never to read the samples.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

HERE = Path(__file__).parent
FONTS = Path(str(files("matplotlib"))) / "mpl-data" / "fonts" / "ttf"

SANS = "DejaVuSans.ttf"
BOLD = "DejaVuSans-Bold.ttf"
SERIF = "DejaVuSerif.ttf"
MONO = "DejaVuSansMono.ttf"

PAPER = 255
INK = 25
MARGIN = 80


class Page:
    """A sheet of paper that is written on from the top down."""

    def __init__(self, width: int = 900, height: int = 800) -> None:
        self.image = Image.new("L", (width, height), PAPER)
        self.draw = ImageDraw.Draw(self.image)
        self.top = MARGIN

    def write(
        self, text: str, *, font: str = SANS, size: int = 22, left: int = MARGIN, leading: float = 1.6
    ) -> None:
        self.draw.text((left, self.top), text, fill=INK, font=ImageFont.truetype(FONTS / font, size))
        self.top += int(size * leading)

    def row(self, cells: list[str], columns: list[int], *, font: str = SANS, size: int = 20) -> None:
        face = ImageFont.truetype(FONTS / font, size)
        for cell, left in zip(cells, columns, strict=True):
            self.draw.text((left, self.top), cell, fill=INK, font=face)
        self.top += int(size * 1.9)

    def rule(self) -> None:
        self.draw.line([(MARGIN, self.top), (self.image.width - MARGIN, self.top)], fill=120, width=2)
        self.top += 18

    def gap(self, height: int = 30) -> None:
        self.top += height


Line = tuple[str, int, str]


def invoice(
    seller: str, street: str, number: str, buyer: str, date: str, lines: list[Line], total: str
) -> Image.Image:
    page = Page()
    page.write(seller, font=BOLD, size=34)
    page.write(street, size=18)
    page.gap()
    page.write(f"INVOICE {number}", font=BOLD, size=28)
    page.write(f"Date: {date}")
    page.write(f"Bill to: {buyer}")
    page.gap()
    page.row(["Description", "Qty", "Price"], [MARGIN, 540, 680], font=BOLD)
    page.rule()
    for description, quantity, price in lines:
        page.row([description, str(quantity), price], [MARGIN, 540, 680])
    page.rule()
    page.row(["Total due", total], [MARGIN, 680], font=BOLD, size=24)
    page.gap()
    page.write("Payment within 30 days, please.", size=18)
    return page.image


def letter(
    sender: str, date: str, greeting: str, body: list[str], closing: str, signature: str, font: str
) -> Image.Image:
    page = Page()
    page.write(sender, font=font, size=26)
    page.write(date, font=font, size=20)
    page.gap(50)
    page.write(greeting, font=font)
    page.gap(12)
    for line in body:
        page.write(line, font=font)
    page.gap(30)
    page.write(closing, font=font)
    page.gap(20)
    page.write(signature, font=font, size=26)
    return page.image


def receipt(shop: str, lines: list[tuple[str, str]], total: str) -> Image.Image:
    page = Page(width=560, height=760)
    page.write(shop, font=MONO, size=30)
    page.write("Till 4   19 March 2024", font=MONO, size=18)
    page.rule()
    for item, price in lines:
        page.row([item, price], [MARGIN, 380], font=MONO)
    page.rule()
    page.row(["TOTAL", total], [MARGIN, 380], font=MONO, size=26)
    page.write("Thank you!", font=MONO)
    return page.image


def skewed(image: Image.Image, degrees: float) -> Image.Image:
    """As if laid on the scanner's glass at an angle."""
    return image.rotate(degrees, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=PAPER)


def noisy(image: Image.Image, seed: int, *, strength: float) -> Image.Image:
    """As if photographed in poor light; coarse grain in eight levels keeps the file small."""
    width, height = (image.width + 1) // 2, (image.height + 1) // 2
    grain = Image.frombytes("L", (width, height), random.Random(seed).randbytes(width * height))
    grain = grain.resize(image.size, resample=Image.Resampling.NEAREST)
    return Image.blend(image, grain, strength).point(lambda level: level // 32 * 32)


def speckled(image: Image.Image, seed: int, *, specks: int) -> Image.Image:
    """As if received by fax: black or white, with dots of dirt."""
    chance = random.Random(seed)
    bilevel = image.point(lambda level: PAPER if level > 140 else 0)
    draw = ImageDraw.Draw(bilevel)
    for _ in range(specks):
        left, top = chance.randrange(image.width), chance.randrange(image.height)
        size = chance.choice((0, 1, 1, 2))
        draw.rectangle((left, top, left + size, top + size), fill=0)
    return bilevel


def shaded(image: Image.Image) -> Image.Image:
    """As if a hand's shadow lay over one side of the page."""
    shade = (
        Image.linear_gradient("L").rotate(90).resize(image.size).point(lambda level: 150 + level * 105 // 255)
    )
    return ImageChops.multiply(image, shade).point(lambda level: level // 8 * 8)


def soft(image: Image.Image) -> Image.Image:
    """As if slightly out of focus."""
    return image.filter(ImageFilter.GaussianBlur(1.3)).point(lambda level: level // 16 * 16)


def upside_down(image: Image.Image) -> Image.Image:
    return image.rotate(180)


@dataclass(frozen=True)
class Drawing:
    """An image to ship: who sends it in, what was done to the page, and words that must be found in it."""

    file_name: str
    owner: str
    condition: str
    words: list[str]
    draw: Callable[[], Image.Image]


DRAWINGS = [
    Drawing(
        "invoice-clean.png",
        "ada",
        "clean",
        ["Harbour", "2041", "envelopes", "1,284.50"],
        lambda: invoice(
            "Harbour Paper Supply",
            "12 Quay Street, Bristol",
            "No. 2041",
            "Ada Byron",
            "4 March 2024",
            [
                ("Copy paper, A4, 80 g", 60, "840.00"),
                ("Brown envelopes", 20, "310.50"),
                ("Delivery", 1, "134.00"),
            ],
            "1,284.50",
        ),
    ),
    Drawing(
        "invoice-skewed.png",
        "grace",
        "turned by 4 degrees",
        ["Meridian", "7718", "barometer", "962.40"],
        lambda: skewed(
            invoice(
                "Meridian Instruments",
                "5 Observatory Lane, Leeds",
                "No. 7718",
                "Grace Hopper",
                "17 April 2024",
                [("Brass barometer", 2, "640.00"), ("Calibration", 2, "180.00"), ("Packing", 1, "142.40")],
                "962.40",
            ),
            4,
        ),
    ),
    Drawing(
        "invoice-noisy.png",
        "ada",
        "coarse grain all over",
        ["Larkspur", "3365", "tulip", "418.75"],
        lambda: noisy(
            invoice(
                "Larkspur Nurseries",
                "Greenhouse Road, Exeter",
                "No. 3365",
                "Ada Byron",
                "2 May 2024",
                [
                    ("Tulip bulbs, mixed", 300, "225.00"),
                    ("Clay pots", 45, "148.75"),
                    ("Carriage", 1, "45.00"),
                ],
                "418.75",
            ),
            3365,
            strength=0.4,
        ),
    ),
    Drawing(
        "invoice-fax.png",
        "grace",
        "a fax: two colours, and dots of dirt",
        ["Kestrel", "Foundry", "turbine", "15,730.00"],
        lambda: speckled(
            skewed(
                invoice(
                    "Kestrel Engineering",
                    "Unit 9, Foundry Park, Derby",
                    "No. 5093",
                    "Grace Hopper",
                    "21 June 2024",
                    [("Turbine blade set", 1, "14,200.00"), ("Fitting, per hour", 18, "1,530.00")],
                    "15,730.00",
                ),
                -1.5,
            ),
            5093,
            specks=400,
        ),
    ),
    Drawing(
        "letter-clean.png",
        "ada",
        "clean",
        ["Lighthouse", "lantern", "Thursday", "Penrose"],
        lambda: letter(
            "Lighthouse Trust, Falmouth",
            "8 January 2024",
            "Dear Miss Byron,",
            [
                "We have finished the repair of the old lantern and would",
                "be glad to show it to you. The boat leaves the pier on",
                "Thursday at nine in the morning, weather permitting.",
                "Please bring a warm coat, as the gallery is open to the",
                "wind on every side.",
            ],
            "Yours sincerely,",
            "Tobias Penrose",
            SERIF,
        ),
    ),
    Drawing(
        "letter-shadow.png",
        "grace",
        "turned by 6 degrees the other way, half in shadow",
        ["Academy", "lecture", "compilers", "Whitfield"],
        lambda: shaded(
            skewed(
                letter(
                    "Academy of Sciences, Dublin",
                    "30 September 2024",
                    "Dear Admiral Hopper,",
                    [
                        "The committee asks whether you would give the opening",
                        "lecture of our autumn series. The subject is yours to",
                        "choose, though many members hope to hear about the first",
                        "compilers and the people who doubted them.",
                    ],
                    "With kind regards,",
                    "Marion Whitfield",
                    SERIF,
                ),
                -6,
            )
        ),
    ),
    Drawing(
        "letter-upside-down.png",
        "ada",
        "upside down and slightly out of focus",
        ["Orchard", "apples", "October", "Pemberton"],
        lambda: upside_down(
            soft(
                letter(
                    "Orchard House, Hereford",
                    "2 October 2024",
                    "Dear Ada,",
                    [
                        "The apples are ripe and there are far more than we can",
                        "eat. Come before the end of October and take as many",
                        "baskets as your carriage will hold.",
                    ],
                    "Your friend,",
                    "Rose Pemberton",
                    SANS,
                )
            )
        ),
    ),
    Drawing(
        "receipt-noisy.png",
        "grace",
        "turned by 3 degrees, with coarse grain",
        ["Corner", "coffee", "marmalade", "17.85"],
        lambda: noisy(
            skewed(
                receipt(
                    "CORNER GROCERY",
                    [
                        ("Ground coffee", "6.40"),
                        ("Rye bread", "3.20"),
                        ("Marmalade", "4.75"),
                        ("Butter", "3.50"),
                    ],
                    "17.85",
                ),
                3,
            ),
            1785,
            strength=0.3,
        ),
    ),
]


def main() -> None:
    for drawing in DRAWINGS:
        drawing.draw().save(HERE / drawing.file_name, optimize=True)
    manifest = [
        {
            "file_name": drawing.file_name,
            "owner": drawing.owner,
            "condition": drawing.condition,
            "words": drawing.words,
        }
        for drawing in DRAWINGS
    ]
    (HERE / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main()
