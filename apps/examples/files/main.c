/* Files: a table is read, sorted by size, and written to a file of its own. With LIBC = 1 in app.mk a program is ordinary C.
 *
 *     make run APP=apps/examples/files
 *
 * What you will see:
 *
 *     8 planets from data/planets.txt
 *     Jupiter    69911.0 km  100.00 %
 *     Saturn     58232.0 km   83.29 %
 *     Uranus     25362.0 km   36.28 %
 *     Neptune    24622.0 km   35.22 %
 *     Earth       6371.0 km    9.11 %
 *     Venus       6051.8 km    8.66 %
 *     Mars        3389.5 km    4.85 %
 *     Mercury     2439.7 km    3.49 %
 *     256 bytes in /sorted.txt
 *
 * What lies in data/ is a part of the image, and found by the same name. Files that are written are memory, and end with the machine. */
#include <stdio.h>
#include <stdlib.h>

enum { PLANETS_MAX = 16, NAME_BYTES = 16 };

struct planet {
    char name[NAME_BYTES];
    double radius_km;
};

static int by_size(const void *one, const void *other)
{
    double a = ((const struct planet *)one)->radius_km, b = ((const struct planet *)other)->radius_km;

    return (a < b) - (a > b);
}

static size_t read_planets(const char *path, struct planet *planets)
{
    FILE *file = fopen(path, "r");
    size_t count = 0;

    if (!file) {
        perror(path);
        exit(1);
    }
    while (count < PLANETS_MAX && fscanf(file, "%15s %lf", planets[count].name, &planets[count].radius_km) == 2)
        count++;
    fclose(file);
    return count;
}

static void write_planets(FILE *file, const struct planet *planets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fprintf(file, "%-10s %7.1f km %7.2f %%\n", planets[i].name, planets[i].radius_km, 100 * planets[i].radius_km / planets[0].radius_km);
}

int main(void)
{
    static struct planet planets[PLANETS_MAX];
    size_t count = read_planets("data/planets.txt", planets);
    FILE *file = fopen("/sorted.txt", "w");

    if (!file) {
        perror("/sorted.txt");
        return 1;
    }
    qsort(planets, count, sizeof(planets[0]), by_size);
    printf("%zu planets from data/planets.txt\n", count);
    write_planets(stdout, planets, count);
    write_planets(file, planets, count);
    printf("%ld bytes in /sorted.txt\n", ftell(file));
    fclose(file);
    return 0;
}
