// N rows of ten columns, five numbers and five texts, by libxlsxwriter in its mode of constant memory.
// Prints `seconds S`. Usage: libxlsxwriter_rows FILE N
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <xlsxwriter.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    const int rows = atoi(argv[2]);
    const double start = now();
    lxw_workbook_options options = {.constant_memory = LXW_TRUE};
    lxw_workbook *workbook = workbook_new_opt(argv[1], &options);
    lxw_worksheet *sheet = workbook_add_worksheet(workbook, "Data");
    char text[64];
    for (int row = 0; row < rows; row++) {
        worksheet_write_number(sheet, row, 0, row, NULL);
        worksheet_write_number(sheet, row, 1, row * 1.5, NULL);
        worksheet_write_number(sheet, row, 2, row * 2, NULL);
        worksheet_write_number(sheet, row, 3, row / 3.0, NULL);
        worksheet_write_number(sheet, row, 4, row % 7, NULL);
        snprintf(text, sizeof text, "name %d", row);
        worksheet_write_string(sheet, row, 5, text, NULL);
        snprintf(text, sizeof text, "city %d", row % 100);
        worksheet_write_string(sheet, row, 6, text, NULL);
        worksheet_write_string(sheet, row, 7, "constant", NULL);
        snprintf(text, sizeof text, "note %d", row);
        worksheet_write_string(sheet, row, 8, text, NULL);
        worksheet_write_string(sheet, row, 9, "x", NULL);
    }
    if (workbook_close(workbook) != LXW_NO_ERROR) return 1;
    printf("seconds %f\n", now() - start);
    return 0;
}
