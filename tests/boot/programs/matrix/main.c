/* Solves systems of linear equations from a file, by Gaussian elimination with pivots, and looks at how good the answers are. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct matrix {
    size_t rows, columns;
    double *value;
};

static double *at(const struct matrix *m, size_t row, size_t column)
{
    return &m->value[row * m->columns + column];
}

static struct matrix make(size_t rows, size_t columns)
{
    struct matrix m = { rows, columns, calloc(rows * columns, sizeof(double)) };

    if (!m.value) {
        fprintf(stderr, "no memory for %zu x %zu\n", rows, columns);
        exit(EXIT_FAILURE);
    }
    return m;
}

static struct matrix copy(const struct matrix *from)
{
    struct matrix m = make(from->rows, from->columns);

    memcpy(m.value, from->value, from->rows * from->columns * sizeof(double));
    return m;
}

static void release(struct matrix *m)
{
    free(m->value);
    m->value = NULL;
}

static bool read_matrix(FILE *file, struct matrix *out)
{
    size_t rows, columns;

    if (fscanf(file, "%zu %zu", &rows, &columns) != 2)
        return false;
    *out = make(rows, columns);
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column++)
            if (fscanf(file, "%lf", at(out, row, column)) != 1) {
                fprintf(stderr, "row %zu has no column %zu\n", row, column);
                release(out);
                return false;
            }
    return true;
}

static void swap_rows(struct matrix *m, size_t a, size_t b)
{
    for (size_t column = 0; column < m->columns; column++) {
        double kept = *at(m, a, column);

        *at(m, a, column) = *at(m, b, column);
        *at(m, b, column) = kept;
    }
}

/* The determinant, and the system in upper triangular form; 0 when it has no single answer. */
static double eliminate(struct matrix *m)
{
    double determinant = 1;

    for (size_t column = 0; column < m->rows; column++) {
        size_t best = column;

        for (size_t row = column + 1; row < m->rows; row++)
            if (fabs(*at(m, row, column)) > fabs(*at(m, best, column)))
                best = row;
        if (fabs(*at(m, best, column)) < 64 * DBL_EPSILON)
            return 0;
        if (best != column) {
            swap_rows(m, best, column);
            determinant = -determinant;
        }
        determinant *= *at(m, column, column);
        for (size_t row = column + 1; row < m->rows; row++) {
            double factor = *at(m, row, column) / *at(m, column, column);

            for (size_t k = column; k < m->columns; k++)
                *at(m, row, k) -= factor * *at(m, column, k);
        }
    }
    return determinant;
}

static void substitute(const struct matrix *m, double *x)
{
    for (size_t row = m->rows; row-- > 0;) {
        double sum = *at(m, row, m->columns - 1);

        for (size_t column = row + 1; column < m->rows; column++)
            sum -= *at(m, row, column) * x[column];
        x[row] = sum / *at(m, row, row);
    }
}

static double residual(const struct matrix *m, const double *x)
{
    double worst = 0;

    for (size_t row = 0; row < m->rows; row++) {
        double sum = -*at(m, row, m->columns - 1);

        for (size_t column = 0; column < m->rows; column++)
            sum += *at(m, row, column) * x[column];
        worst = fmax(worst, fabs(sum));
    }
    return worst;
}

static void show(const char *title, const struct matrix *m)
{
    puts(title);
    for (size_t row = 0; row < m->rows; row++) {
        for (size_t column = 0; column < m->columns; column++)
            printf("%s%9.4g", column == m->columns - 1 ? " |" : "", *at(m, row, column));
        putchar('\n');
    }
}

static void solve(const struct matrix *m, int number)
{
    struct matrix work = copy(m);
    double *x = calloc(m->rows, sizeof(*x)), determinant, norm = 0;
    char title[40];

    if (!x)
        exit(EXIT_FAILURE);
    snprintf(title, sizeof(title), "system %d, %zu unknowns", number, m->rows);
    show(title, m);
    determinant = eliminate(&work);
    printf("determinant %.8g\n", determinant);
    if (determinant == 0) {
        puts("no single answer");
    } else {
        substitute(&work, x);
        for (size_t i = 0; i < m->rows; i++) {
            printf("  x%zu = %+.8f\n", i + 1, x[i]);
            norm = hypot(norm, x[i]);
        }
        printf("length %.6e, %s\n", norm, residual(m, x) < 1e-9 ? "good" : "bad");
    }
    free(x);
    release(&work);
}

/* The Hilbert matrix, of which elimination loses digits quickly. */
static void hilbert(size_t size)
{
    struct matrix m = make(size, size + 1);

    for (size_t row = 0; row < size; row++)
        for (size_t column = 0; column < size; column++) {
            *at(&m, row, column) = 1.0 / (double)(row + column + 1);
            *at(&m, row, size) += *at(&m, row, column);
        }
    printf("Hilbert %zu: determinant %.4e\n", size, eliminate(&m));
    release(&m);
}

int main(void)
{
    FILE *file = fopen("data/systems.txt", "r");
    struct matrix m;
    int number = 0;

    if (!file) {
        printf("data/systems.txt: %s\n", strerror(errno));
        return 1;
    }
    while (read_matrix(file, &m)) {
        if (m.columns == m.rows + 1)
            solve(&m, ++number);
        else
            printf("%zu x %zu is no system\n", m.rows, m.columns);
        release(&m);
    }
    fclose(file);
    for (size_t size = 2; size <= 6; size++)
        hilbert(size);
    return number == 4 ? 0 : 2;
}
