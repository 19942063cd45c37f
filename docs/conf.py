"""The site of the documentation: which pages it has, in which order, and what is made from the code."""

import re
import shutil
from importlib.metadata import version as version_of
from pathlib import Path
from textwrap import indent
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from typer.testing import CliRunner

from actum.cli.commands import COMMANDS, load
from actum.cli.main import cli

HERE = Path(__file__).parent

project = "Actum"
author = "the authors of Actum"
release = version_of("actum")
is_released = f"\n## {release}" in (HERE.parent / "CHANGELOG.md").read_text().replace("[", "")
called = f"Actum {release}" if is_released else f"Actum {release}, which is not released yet"
root_doc = "README"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "Actum"
html_copy_source = False
html_show_sphinx = False
highlight_language = "none"
# A docstring is Markdown's `code` and plain text, without roles of its own.
default_role = "code"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
myst_heading_anchors = 3
myst_enable_extensions = ["attrs_inline"]
nitpicky = False
suppress_warnings = ["myst.header"]

SECTIONS: dict[str, list[str]] = {
    "Begin": ["overview", "start", "tutorial", "concepts", "examples"],
    "Build": ["guide", "queries", "access", "testing", "evolution"],
    "Run": [
        "stores",
        "durable-objects",
        "deploy",
        "scale",
        "operations",
        "telemetry",
        "console",
        "console-repair",
        "stability",
        "changelog",
    ],
    "Know": ["guarantees", "questions", "benchmarks", "glossary", "architecture", "decisions/README"],
    "Come from": ["from-castore", "from-akka", "from-eventsourcing"],
    "Reference": [
        "reference/README",
        "command-line",
        "reference/declare",
        "reference/call",
        "reference/errors",
        "reference/access",
        "reference/testing",
        "reference/command-line",
    ],
}
"""The pages by the part of the menu that they are in; those that are not written yet are left out."""

OUTSIDE = re.compile(r"\[([^\]]+)\]\((\.\./)+(?!decisions|reference|guide|[a-z-]+\.md)[^)]*\)")
INCLUDED = re.compile(r"```\{include\} (\S+)\n.*?```\n", re.DOTALL)
REFERENCE = re.compile(r"(\]\((?:\.\./)*reference/[\w-]+)\.md(#[^)]*)?\)")


def menu() -> str:
    """Returns the table of contents of every part, which only the first page of the site has."""
    parts = []
    for caption, names in SECTIONS.items():
        there = [name for name in names if (HERE / f"{name}.md").exists()]
        parts.append("\n".join(["```{toctree}", f":caption: {caption}", ":hidden:", "", *there, "```"]))
    return "\n\n".join(parts)


def adapted(text: str) -> str:
    """Returns a page with what it includes, and without links to what is not on the site."""
    text = INCLUDED.sub(lambda found: rest_of(HERE / found[1]), text)
    return OUTSIDE.sub(r"\1", text).replace("](decisions)", "](decisions/README.md)")


def rest_of(page: Path) -> str:
    """Returns a file of the project's folder without its title, as a page of this one includes it."""
    return page.read_text().partition("\n\n")[2].replace("](docs/", "](")


def adapt(_app: Sphinx, name: str, source: list[str]) -> None:
    """Gives the first page its menu, and the decisions theirs; links out of the site become text."""
    text = adapted(source[0])
    if name == root_doc:
        text = f"{text}\n\n{menu()}\n"
    if name == "decisions/README":
        text += "\n\n```{toctree}\n:glob:\n:maxdepth: 1\n\n0*\n```\n"
    source[0] = text


def mark_code(_app: Sphinx, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    """Marks code and drawings in a docstring, which stand there as they are, for the parser."""
    paragraphs = "\n".join(lines).split("\n\n")
    for place, paragraph in enumerate(paragraphs):
        before = paragraphs[place - 1] if place else ""
        if "├" in paragraph:
            paragraphs[place] = "::\n\n" + indent(paragraph, "    ")
        elif paragraph.startswith("    ") and not before.endswith("::"):
            if before.endswith(":"):
                paragraphs[place - 1] = f"{before}:"
            else:
                paragraphs[place] = "::\n\n" + paragraph
    lines[:] = "\n\n".join(paragraphs).split("\n")


class CommandLineHelp(Directive):
    """Shows the help of each command, as a terminal shows it."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        """Returns a section for each command."""
        return [section_of("actum"), *(section_of(f"actum {words}") for words in words_of_commands())]


def section_of(words: str) -> nodes.Node:
    """Returns a section with the help of a command."""
    section = nodes.section(ids=[words.replace(" ", "-")], names=[words])
    section += nodes.title(text=words)
    asked = CliRunner().invoke(cli, [*words.split()[1:], "--help"], env={"COLUMNS": "100", "NO_COLOR": "1"})
    section += nodes.literal_block(text=asked.output.strip(), language="none")
    return section


def words_of_commands() -> list[str]:
    """Returns the words of each command behind `actum`, as in `views rebuild`."""
    found = []
    for name in sorted(COMMANDS):
        below = getattr(load(name), "commands", None)
        found += [name] if below is None else [f"{name} {each}" for each in sorted(below)]
    return found


def drop_unread_modules(_app: Sphinx, env: Any) -> None:
    """Leaves modules without a source, such as builtins, out of the list of sources, which links them all."""
    modules: dict[str, Any] = getattr(env, "_viewcode_modules", {})
    for name in [name for name, found in modules.items() if not found]:
        del modules[name]


def write_for_machines(app: Sphinx, error: Exception | None) -> None:
    """Writes every page as Markdown beside its HTML, and `llms.txt`, which lists them for programs."""
    if error is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    shutil.copyfile(out / f"{root_doc}.html", out / "index.html")
    for folder in ("pictures", "telemetry"):
        shutil.copytree(HERE / folder, out / folder, dirs_exist_ok=True)
    for picture in HERE.glob("*.svg"):
        shutil.copyfile(picture, out / picture.name)
    pages = [page for page in HERE.rglob("*.md") if not page.is_relative_to(HERE / "reference")]
    for page in pages:
        name = page.relative_to(HERE)
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(markdown_of(page))
    (out / "llms.txt").write_text("\n".join(listed_for_machines(app)))


def markdown_of(page: Path) -> str:
    """Returns a page without links out of the site; the reference exists as HTML alone."""
    return REFERENCE.sub(r"\1.html\2)", adapted(page.read_text()))


def listed_for_machines(app: Sphinx) -> list[str]:
    """Returns the lines of `llms.txt`: each page, the reference, and each decision."""
    lines = ["# Actum", "", f"> {called}: applications whose state is a history of facts.", ""]
    decisions = [f"decisions/{page.stem}" for page in sorted((HERE / "decisions").glob("0*.md"))]
    for caption, names in [*SECTIONS.items(), ("Decisions", decisions)]:
        lines += [f"## {caption}", ""]
        for name in names:
            suffix = "html" if name.startswith("reference/") else "md"
            lines.append(f"- [{app.env.titles[name].astext()}]({name}.{suffix})")
        lines.append("")
    return lines


def setup(app: Sphinx) -> dict[str, Any]:
    """Adds what is particular to this site."""
    app.add_directive("actum-help", CommandLineHelp)
    app.connect("source-read", adapt)
    app.connect("autodoc-process-docstring", mark_code)
    app.connect("env-updated", drop_unread_modules)
    app.connect("build-finished", write_for_machines)
    return {"parallel_read_safe": True}
