#!/usr/bin/env python3
"""Prints a report of a hundred pages beside ReportLab and WeasyPrint: the same words, tables and paper.

Usage: report_pdf.py PATH-OF-ReportBench [runs]; needs reportlab, weasyprint and pypdf.
Processor seconds count, not wall time: the machine may be busy.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

PARAGRAPH = (
    "Rain fell on most of the coast in March, and the reservoirs that had stood at a third of their capacity in January "
    "were two thirds full by the end of the month. Forecasters expect a dry spring all the same. "
) * 2
PARTS, ROWS = 100, 16
HEADER = ["Region", "Share", "Volume", "Measured"]


def row(number):
    return [f"Region {number}", f"{number * 1.7:.1f}%", f"{number * 12345:,}", "2026-03-31"]


def report():
    blocks = []
    for part in range(PARTS):
        table = {"columns": [{"header": name} for name in HEADER], "rows": [row(n) for n in range(ROWS)]}
        blocks += [{"type": "heading", "level": 1, "text": f"Part {part + 1}"}, {"type": "paragraph", "text": PARAGRAPH},
                   {"type": "table", "table": table}, {"type": "paragraph", "text": PARAGRAPH}]
        if part < PARTS - 1:
            blocks.append({"type": "page_break"})
    return {"title": "Levels", "blocks": blocks}


def reportlab(path):
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle
    pdfmetrics.registerFont(TTFont("L", "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf"))
    styles = getSampleStyleSheet()
    for name in ("Normal", "Heading1"):
        styles[name].fontName = "L"
    look = TableStyle([("GRID", (0, 0), (-1, -1), 0.25, colors.grey), ("FONTNAME", (0, 0), (-1, -1), "L")])
    story = []
    for part in range(PARTS):
        story += [Paragraph(f"Part {part + 1}", styles["Heading1"]), Paragraph(PARAGRAPH, styles["Normal"]), Spacer(1, 8)]
        story.append(Table([HEADER] + [row(n) for n in range(ROWS)], repeatRows=1, colWidths=[115] * 4, style=look))
        story += [Spacer(1, 8), Paragraph(PARAGRAPH, styles["Normal"]), PageBreak()]
    SimpleDocTemplate(path, pagesize=A4).build(story)


def weasyprint(path):
    from weasyprint import HTML
    page = ["<style>@page{size:A4;margin:2cm}body{font:10pt 'Liberation Sans'}table{width:100%;border-collapse:collapse}"
            "td,th{border:1px solid gray;padding:2pt}h1{break-before:page}</style>"]
    for part in range(PARTS):
        page.append(f"<h1>Part {part + 1}</h1><p>{PARAGRAPH}</p><table><thead><tr>")
        page += [f"<th>{name}</th>" for name in HEADER] + ["</tr></thead>"]
        page += ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row(n)) + "</tr>" for n in range(ROWS)]
        page.append(f"</table><p>{PARAGRAPH}</p>")
    HTML(string="".join(page)).write_pdf(path)


def measured(words):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - start


def main():
    if len(sys.argv) == 3 and sys.argv[1] in ("reportlab", "weasyprint"):
        return globals()[sys.argv[1]](sys.argv[2])
    from pypdf import PdfReader
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "report.json")
        with open(source, "w") as file:
            json.dump(report(), file)
        for name in ("platform", "reportlab", "weasyprint"):
            path = os.path.join(folder, name + ".pdf")
            words = [sys.argv[1], source, path] if name == "platform" else [sys.executable, __file__, name, path]
            seconds, wall = min(measured(words) for _ in range(1 if name == "weasyprint" else runs))
            print(f"{name}: {seconds:.2f} s of processor time ({wall:.2f} s), {len(PdfReader(path).pages)} pages, "
                  f"{os.path.getsize(path) // 1024} KB")


main()
