"""Formulas computed a second: a chain of 100,000 cells, 1,000 SUMIFS over 10,000 rows, a mixed sheet; beside the PyPI
package `formulas` on the same formulas in a smaller sheet, for it takes minutes for these."""

import json
import os
import pathlib
import subprocess
import sys
import time

from measurement import median, show
from platform_process import PEERS, ROOT

ROUNDS = 5
PEER = "formulas (PyPI)"
BENCH = pathlib.Path(os.environ.get("PERSONA_FORMULA_BENCH", ROOT / ".build/release-build/release/FormulaBench"))
# Of the peer: its time grows faster than the number of cells.
PEER_SIZES = {"chain": 2000, "sumifs": 50, "mixed": 200}
SIZES = {"chain": 100_000, "sumifs": 1000, "mixed": 10_000}


def ours(kind, size):
    """Formulas a second, reading and computing them."""
    line = subprocess.run([BENCH, kind, str(size)], check=True, capture_output=True, text=True).stdout
    result = json.loads(line)
    return result["formulas"] / (result["calculate_s"] + result["build_s"])


def cells(kind, size):
    """The formulas of FormulaBench as the peer's dictionary of cells."""
    sheet = {}
    if kind == "chain":
        sheet["A1"] = 1
        for row in range(2, size + 2):
            sheet[f"A{row}"] = f"=A{row - 1}+1"
    elif kind == "sumifs":
        for row in range(10_000):
            sheet[f"A{row + 1}"], sheet[f"B{row + 1}"], sheet[f"C{row + 1}"] = f"g{row % 100}", row % 977, row
        for row in range(size):
            sheet[f"E{row + 1}"] = (f'=SUMIFS($C$1:$C$10000,$A$1:$A$10000,"g{row % 100}",'
                                    f'$B$1:$B$10000,">{row % 900}")')
    else:
        for row in range(100):
            sheet[f"U{row + 1}"], sheet[f"V{row + 1}"] = f"P{row}", row * 1.25
        for row in range(size):
            n = row + 1
            sheet[f"A{n}"], sheet[f"B{n}"], sheet[f"C{n}"] = f"P{row * 7 % 100}", row % 50, 40_000 + row % 5000
            for column, text in zip("DEFGHIJK", [
                    f"=VLOOKUP(A{n},$U$1:$V$100,2,FALSE)", f"=B{n}*D{n}", f'=IF(E{n}>500,"large","small")',
                    f"=ROUND(E{n}*1.19,2)", f"=YEAR(C{n})*100+MONTH(C{n})", f'=UPPER(LEFT(A{n},2))&"-"&F{n}',
                    f"=IFERROR(E{n}/B{n},0)", f"=SUM(B{n}:E{n})"]):
                sheet[f"{column}{n}"] = text
    return {f"'[book.xlsx]SHEET1'!{name}": value for name, value in sheet.items()}


def peer(kind):
    """Formulas a second of the peer, in a process of its own."""
    program = [PEERS / "bin/python3", __file__, "--peer", kind]
    return float(subprocess.run(program, check=True, capture_output=True, text=True).stdout)


def measure_peer(kind):
    import formulas  # The peer's own environment has it.

    sys.setrecursionlimit(100_000)
    sheet = cells(kind, PEER_SIZES[kind])
    count = sum(isinstance(value, str) and value.startswith("=") for value in sheet.values())
    start = time.perf_counter()
    model = formulas.ExcelModel().from_dict(sheet)
    model.calculate()
    print(count / (time.perf_counter() - start))


def main():
    for kind, size in SIZES.items():
        rate = median([ours(kind, size) for _ in range(ROUNDS)])
        show(f"formulas.{kind}", rate, "formulas/s", peer=PEER, peer_value=peer(kind), lower_is_better=False)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        measure_peer(sys.argv[2])
    else:
        main()
