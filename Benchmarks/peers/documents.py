"""Peers' documents: documents.py CASE FILE N prints `seconds S`, the time of the work without the interpreter's start."""

import sys
import time


def rows(count):
    for i in range(count):
        yield [i, i * 1.5, i * 2, i / 3, i % 7, f"name {i}", f"city {i % 100}", "constant", f"note {i}", "x"]


def xlsxwriter_write(path, count):
    import xlsxwriter
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet = book.add_worksheet("Data")
    for index, row in enumerate(rows(count)):
        sheet.write_row(index, 0, row)
    book.close()


def openpyxl_write(path, count):
    import openpyxl
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Data")
    for row in rows(count):
        sheet.append(row)
    book.save(path)


def openpyxl_read(path, _count):
    import openpyxl
    book = openpyxl.load_workbook(path, read_only=True)
    total = 0
    for sheet in book:
        for row in sheet.iter_rows(values_only=True):
            total += len(row)
    print("cells", total)


def formulas_evaluate(path, count):
    """`count` formulas, two a row, read and computed; `path` is not used."""
    import formulas
    model = formulas.ExcelModel()
    cells = {}
    for row in range(1, count // 2 + 1):
        cells[f"'[b.xlsx]S'!A{row}"] = row
        cells[f"'[b.xlsx]S'!B{row}"] = f"=A{row}*2+1"
        cells[f"'[b.xlsx]S'!C{row}"] = f"=ROUND(B{row}/3,2)"
    start = time.perf_counter()
    model.from_dict(cells).calculate()
    print("seconds", time.perf_counter() - start)


if __name__ == "__main__":
    case = {"xlsxwriter-write": xlsxwriter_write, "openpyxl-write": openpyxl_write, "openpyxl-read": openpyxl_read,
            "formulas-evaluate": formulas_evaluate}[sys.argv[1]]
    start = time.perf_counter()
    case(sys.argv[2], int(sys.argv[3]))
    if sys.argv[1] != "formulas-evaluate":
        print("seconds", time.perf_counter() - start)
