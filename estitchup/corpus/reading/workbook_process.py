"""Opens a workbook in a process of its own: a file made to exhaust memory or time ends this process and no other.

Run as a script, so that nothing but python-calamine is loaded. It takes the memory and the CPU seconds it may use, a
sheet's name or "", and a path, or "-" for a workbook on standard input. It writes lines of JSON: first the names of
the sheets and the one that is read, then its rows as text, or one object with the reason why not.
"""

import contextlib
import datetime
import io
import json
import sys
from typing import Any

with contextlib.suppress(ImportError):
    import resource  # not on Windows, where the limits do not hold

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

_WHOLE_UP_TO = 1e15  # beyond, a float skips whole numbers


def written(cell: Any) -> str:
    """Return a cell as text: whole numbers without a point, days and times in ISO 8601, TRUE and FALSE."""
    if isinstance(cell, str):
        return cell.replace("\x00", "")
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < _WHOLE_UP_TO else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat()
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)


def tell(value: Any) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(value) + "\n")


def default_sheet(book: CalamineWorkbook, names: list[str]) -> str:
    """Return the first visible sheet that holds anything, else the first."""
    visible = {sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible}
    filled = (name for name in names if name in visible and book.get_sheet_by_name(name).height > 1)
    return next(filled, names[0])


def serve(path: str, sheet: str) -> None:
    """Write the sheets' names and one sheet's rows."""
    source: Any = io.BytesIO(sys.stdin.buffer.read()) if path == "-" else path
    book = CalamineWorkbook.from_object(source)
    names = [sheet.name for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    if not names:
        return tell({"reason": "no sheet"})
    if sheet and sheet not in names:
        return tell({"reason": "no such sheet", "sheets": names})
    chosen = sheet or default_sheet(book, names)
    tell({"sheets": names, "sheet": chosen})
    for row in book.get_sheet_by_name(chosen).iter_rows():
        tell([written(cell) for cell in row])
    return None


def main(memory: str, seconds: str, sheet: str, path: str) -> None:
    """Set the limits, then serve."""
    if "resource" in globals():
        resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        serve(path, sheet)
    except PasswordError:
        tell({"reason": "password"})
    except (CalamineError, ValueError, OSError, MemoryError) as error:
        tell({"reason": str(error)})


if __name__ == "__main__":
    main(*sys.argv[1:])
