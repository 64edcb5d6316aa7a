/* Moves the planets of data/planets.csv around the sun for a year, by the velocity Verlet method, and tells where they are. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef M_PI
#define M_PI 3.14159265358979323846
#endif

#define NAME_MAX_BYTES 16
static const double GRAVITY = 2.9591220828559e-4;      /* AU^3 / (sun's mass * day^2): Gauss's constant, squared */

struct vector {
    double x, y, z;
};

struct body {
    char name[NAME_MAX_BYTES];
    double mass;                                        /* of the sun's */
    struct vector at, speed, pull;
};

struct system {
    struct body *body;
    size_t count, room;
};

static struct vector plus(struct vector a, struct vector b, double times)
{
    return (struct vector){ a.x + times * b.x, a.y + times * b.y, a.z + times * b.z };
}

static double dot(struct vector a, struct vector b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static struct vector cross(struct vector a, struct vector b)
{
    return (struct vector){ a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x };
}

static struct body *add(struct system *system)
{
    if (system->count == system->room) {
        size_t room = system->room ? system->room * 2 : 2;
        struct body *more = realloc(system->body, room * sizeof(*more));

        if (!more)
            return NULL;
        system->body = more;
        system->room = room;
    }
    memset(&system->body[system->count], 0, sizeof(struct body));
    return &system->body[system->count++];
}

/* name, mass, semi-major axis in AU, eccentricity, inclination in degrees: each begins at its perihelion. */
static int parse(struct system *system, const char *line, int number)
{
    char name[NAME_MAX_BYTES];
    double mass, axis, eccentricity, inclination, tilt, speed;
    struct body *body;

    if (line[0] == '#' || line[strspn(line, " \t\r\n")] == '\0')
        return 0;
    if (sscanf(line, " %15[^,],%lf,%lf,%lf,%lf", name, &mass, &axis, &eccentricity, &inclination) != 5) {
        fprintf(stderr, "line %d: what is this? %s", number, line);
        return -1;
    }
    body = add(system);
    if (!body)
        return -1;
    strcpy(body->name, name);
    body->mass = mass;
    if (axis == 0)
        return 0;
    tilt = inclination * M_PI / 180;
    speed = sqrt(GRAVITY * (1 + mass) / axis * (1 + eccentricity) / (1 - eccentricity));
    body->at = (struct vector){ axis * (1 - eccentricity), 0, 0 };
    body->speed = (struct vector){ 0, speed * cos(tilt), speed * sin(tilt) };
    return 0;
}

static int load(struct system *system, const char *name)
{
    char line[128];
    int number = 0;
    FILE *file = fopen(name, "r");

    if (!file) {
        perror(name);
        return -1;
    }
    while (fgets(line, sizeof(line), file))
        if (parse(system, line, ++number) != 0) {
            fclose(file);
            return -1;
        }
    fclose(file);
    return 0;
}

static void find_pulls(struct system *system)
{
    for (size_t i = 0; i < system->count; i++)
        system->body[i].pull = (struct vector){ 0, 0, 0 };
    for (size_t i = 0; i < system->count; i++)
        for (size_t j = i + 1; j < system->count; j++) {
            struct body *a = &system->body[i], *b = &system->body[j];
            struct vector way = plus(b->at, a->at, -1);
            double distance = sqrt(dot(way, way)), pull = GRAVITY / (distance * distance * distance);

            a->pull = plus(a->pull, way, pull * b->mass);
            b->pull = plus(b->pull, way, -pull * a->mass);
        }
}

static void step(struct system *system, double days)
{
    for (size_t i = 0; i < system->count; i++) {
        struct body *body = &system->body[i];

        body->speed = plus(body->speed, body->pull, days / 2);
        body->at = plus(body->at, body->speed, days);
    }
    find_pulls(system);
    for (size_t i = 0; i < system->count; i++)
        system->body[i].speed = plus(system->body[i].speed, system->body[i].pull, days / 2);
}

static double energy(const struct system *system)
{
    double all = 0;

    for (size_t i = 0; i < system->count; i++) {
        const struct body *a = &system->body[i];

        all += a->mass * dot(a->speed, a->speed) / 2;
        for (size_t j = i + 1; j < system->count; j++) {
            struct vector way = plus(system->body[j].at, a->at, -1);

            all -= GRAVITY * a->mass * system->body[j].mass / sqrt(dot(way, way));
        }
    }
    return all;
}

static void show(const struct system *system, int day)
{
    const struct body *sun = &system->body[0];

    printf("day %d\n%-10s %10s %10s %9s %9s\n", day, "", "distance", "angle", "speed", "plane");
    for (size_t i = 1; i < system->count; i++) {
        struct vector at = plus(system->body[i].at, sun->at, -1), speed = plus(system->body[i].speed, sun->speed, -1);
        struct vector turn = cross(at, speed);
        double angle = atan2(at.y, at.x) * 180 / M_PI;

        printf("%-10s %10.6f %9.4f%c %9.3e %8.4f\n", system->body[i].name, sqrt(dot(at, at)), angle < 0 ? angle + 360 : angle, 'd',
               sqrt(dot(speed, speed)), acos(turn.z / sqrt(dot(turn, turn))) * 180 / M_PI);
    }
}

int main(void)
{
    struct system system = { NULL, 0, 0 };
    double before;

    if (load(&system, "data/planets.csv") != 0 || system.count < 2)
        return EXIT_FAILURE;
    find_pulls(&system);
    before = energy(&system);
    for (int day = 0; day <= 365; day++) {
        if (day % 73 == 0)
            show(&system, day);
        for (int part = 0; part < 4; part++)
            step(&system, 0.25);
    }
    printf("energy %.8e, kept to %s\n", before, fabs(energy(&system) / before - 1) < 1e-6 ? "a millionth" : "less than a millionth");
    free(system.body);
    return EXIT_SUCCESS;
}
