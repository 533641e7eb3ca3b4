"""One self-contained HTML page: no script, no style and no picture from anywhere else."""

from base64 import b64encode
from html import escape

__all__ = ["HtmlPage"]

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 62rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; font-size: .85rem; margin: 1rem 0; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { border-bottom: 1px solid #ccc; padding: .2rem .6rem; text-align: left;
         vertical-align: top; }
thead th { border-bottom: 2px solid #222; }
tbody th { font-weight: normal; }
tfoot th, tfoot td { font-weight: 600; border-top: 2px solid #222; }
.answer { font-weight: 600; }
.right { text-align: right; font-variant-numeric: tabular-nums; }
img { max-width: 100%; height: auto; }
@media print { h2 { break-after: avoid; } img, table { break-inside: avoid; } }
"""


class HtmlPage:
    """A page that grows downwards.

    Parameters
    ----------
    title : str
    """

    def __init__(self, title):
        self._title = title
        self._parts = []

    def heading(self, text):
        """Adds a heading."""
        self._parts.append(f"<h2>{escape(text)}</h2>")

    def paragraph(self, text):
        """Adds a paragraph."""
        self._parts.append(f"<p>{escape(text)}</p>")

    def answer(self, text):
        """Adds a paragraph that answers the heading above it."""
        self._parts.append(f'<p class="answer">{escape(text)}</p>')

    def lines(self, lines):
        """Adds a list."""
        self._parts.append(_list("ul", lines))

    def notes(self, lines):
        """Adds a list with numbers, from 1."""
        self._parts.append(_list("ol", lines))

    def picture(self, svg, text):
        """Adds a picture; ``text`` says what it shows to those who cannot see it."""
        code = b64encode(svg.encode()).decode()
        self._parts.append(f'<figure><img alt="{escape(text)}" '
                           f'src="data:image/svg+xml;base64,{code}"></figure>')

    def table(self, table):
        """Adds a ``rich.table.Table`` of texts; rows below its last section are totals."""
        head = "".join(_cell("th", column.header, column, ' scope="col"')
                       for column in table.columns)
        rows = list(zip(*(column.cells for column in table.columns), strict=True))
        ends = [index for index, row in enumerate(table.rows, start=1) if row.end_section]
        last = ends[-1] if ends else len(rows)
        foot = f"<tfoot>{_rows(rows[last:], table)}</tfoot>" if rows[last:] else ""
        self._parts.append(f"<table><caption>{_plain(table.title)}</caption>"
                           f"<thead><tr>{head}</tr></thead>"
                           f"<tbody>{_rows(rows[:last], table)}</tbody>{foot}</table>")

    def text(self):
        """The page."""
        title = escape(self._title)
        return ("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                f"<title>{title}</title><style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n"
                + "\n".join(self._parts) + "\n</body></html>\n")


def _plain(text):
    return escape(str(text))


def _list(kind, lines):
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<{kind}>{items}</{kind}>"


def _rows(rows, table):
    """Table rows; the first cell says what each is about."""
    first, *others = table.columns
    return "".join(
        "<tr>" + _cell("th", row[0], first, ' scope="row"')
        + "".join(_cell("td", cell, column)
                  for cell, column in zip(row[1:], others, strict=True)) + "</tr>"
        for row in rows)


def _cell(kind, text, column, scope=""):
    side = ' class="right"' if column.justify == "right" else ""
    return f"<{kind}{scope}{side}>{_plain(text)}</{kind}>"
