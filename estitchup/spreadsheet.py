"""Tables as CSV and XLSX that open in a spreadsheet as text and nothing else.

A cell of a CSV that begins like a formula runs as one when the file is opened (OWASP, "CSV injection"), so it gets an
apostrophe before it; an XLSX says of every cell that it is a string or a number. Where a spreadsheet takes `;` or a tab
to separate, quotation marks hold only the first cell of a row together: in others a cell may begin anywhere.
"""

import csv
import io
import re

import pandas as pd
import xlsxwriter

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
LONGEST_CELL = 32_767  # characters that Excel takes
_UNPRINTABLE = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])  # XML cannot hold them
_FORMULA = f"(?='*[{re.escape(''.join(FORMULA_STARTS))}])"
_BEGINNING, _WITHIN = "^", r"(?:^|(?<=[;\t\r\n]))"


def disarmed(cell: str) -> str:
    """Return the cell with an apostrophe before it when a spreadsheet would run it, or when it looks so disarmed."""
    return re.sub(_BEGINNING + _FORMULA, "'", cell)


def rearmed(cell: str) -> str:
    """Return what `disarmed` was given."""
    return re.sub(f"{_BEGINNING}'{_FORMULA}", "", cell)


def disarmed_within(cell: str) -> str:
    """Return the cell disarmed wherever a cell would begin, were the row taken apart at another character."""
    return re.sub(_WITHIN + _FORMULA, "'", cell)


def rearmed_within(cell: str) -> str:
    """Return what `disarmed_within` was given."""
    return re.sub(f"{_WITHIN}'{_FORMULA}", "", cell)


def as_cell(text: str) -> str:
    """Return what a cell of a workbook can hold of a text."""
    return text.translate(_UNPRINTABLE)[:LONGEST_CELL]


def as_csv(table: pd.DataFrame) -> bytes:
    """Write a table as UTF-8 with a mark that tells Excel so; numbers stay numbers.

    Every string is quoted, because a bare carriage return within one would begin a row, and the rest of it a cell.
    """
    safe = table.copy()
    for place in range(table.shape[1]):
        disarm = disarmed_within if place else disarmed
        cells = [disarm(cell) if isinstance(cell, str) else cell for cell in table.iloc[:, place]]
        safe.isetitem(place, pd.Series(cells, table.index, table.dtypes.iloc[place]))
    safe.columns = [(disarmed_within if place else disarmed)(str(name)) for place, name in enumerate(table.columns)]
    content: bytes = safe.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC).encode("utf-8-sig")
    return content


def as_xlsx(table: pd.DataFrame, sheet: str) -> bytes:
    """Write a table as a workbook of one sheet with a header row that stays in sight."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
        page = workbook.add_worksheet(sheet)
        page.freeze_panes(1, 0)
        for column, name in enumerate(table.columns):
            page.set_column(column, column, 60 if column == 0 else 20)
            page.write_string(0, column, str(name))
            for row, cell in enumerate(table[name].tolist(), start=1):
                if isinstance(cell, (int, float)):
                    page.write_number(row, column, cell)
                else:
                    page.write_string(row, column, as_cell(str(cell)))
    content: bytes = file.getvalue()
    return content
