"""Tables as CSV and XLSX that open in a spreadsheet as text and nothing else.

A cell of a CSV that begins like a formula runs as one when the file is opened (OWASP, "CSV injection"), so it gets an
apostrophe before it; an XLSX says of every cell that it is a string or a number.
"""

import csv
import io

import pandas as pd
import xlsxwriter

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
LONGEST_CELL = 32_767  # characters that Excel takes
_UNPRINTABLE = dict.fromkeys([*range(9), 11, 12, *range(14, 32)])  # XML cannot hold them


def disarmed(cell: str) -> str:
    """Return the cell with an apostrophe before it when a spreadsheet would run it."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def rearmed(cell: str) -> str:
    """Return what `disarmed` was given."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS) else cell


def as_csv(table: pd.DataFrame) -> bytes:
    """Write a table as UTF-8 with a mark that tells Excel so; numbers stay numbers.

    Every string is quoted, because a bare carriage return within one would begin a row, and the rest of it a cell.
    """
    safe = table.map(lambda cell: disarmed(cell) if isinstance(cell, str) else cell)
    content: bytes = safe.rename(columns=disarmed).to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC).encode("utf-8-sig")
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
                    page.write_string(row, column, str(cell).translate(_UNPRINTABLE)[:LONGEST_CELL])
    content: bytes = file.getvalue()
    return content
