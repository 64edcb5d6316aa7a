/* Finds the shortest ways through the mazes of data/, deepest first and broadest first, with a stack and a queue of its own. */
#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE_MAX 64

struct maze {
    int width, height;
    char cell[SIDE_MAX][SIDE_MAX + 1];
    int start, goal;
};

struct queue {
    int *item;
    size_t first, count, room;
};

static jmp_buf failed;
static char why[128];

/* Ends the work on one maze, from however deep. */
static _Noreturn void fail(const char *pattern, ...)
{
    va_list args;

    va_start(args, pattern);
    vsnprintf(why, sizeof(why), pattern, args);
    va_end(args);
    longjmp(failed, 1);
}

static void push(struct queue *queue, int item)
{
    if (queue->count == queue->room) {
        size_t room = queue->room ? 2 * queue->room : 8;
        int *items = malloc(room * sizeof(*items));

        if (!items)
            fail("no memory for %zu places", room);
        for (size_t i = 0; i < queue->count; i++)
            items[i] = queue->item[(queue->first + i) % queue->room];
        free(queue->item);
        queue->item = items;
        queue->first = 0;
        queue->room = room;
    }
    queue->item[(queue->first + queue->count++) % queue->room] = item;
}

static int take_first(struct queue *queue)
{
    int item = queue->item[queue->first];

    assert(queue->count > 0);
    queue->first = (queue->first + 1) % queue->room;
    queue->count--;
    return item;
}

static int take_last(struct queue *queue)
{
    assert(queue->count > 0);
    return queue->item[(queue->first + --queue->count) % queue->room];
}

static void load(struct maze *maze, const char *name)
{
    char line[SIDE_MAX + 3];
    FILE *file = fopen(name, "r");

    memset(maze, 0, sizeof(*maze));
    maze->start = maze->goal = -1;
    if (!file)
        fail("%s: %s", name, strerror(errno));
    while (fgets(line, sizeof(line), file)) {
        size_t length = strcspn(line, "\r\n");

        if (length == 0)
            continue;
        if (maze->height == SIDE_MAX || length > SIDE_MAX) {
            fclose(file);
            fail("%s: larger than %d x %d", name, SIDE_MAX, SIDE_MAX);
        }
        memcpy(maze->cell[maze->height], line, length);
        for (size_t x = 0; x < length; x++) {
            int place = maze->height * SIDE_MAX + (int)x;

            if (line[x] == 'S')
                maze->start = place;
            else if (line[x] == 'G')
                maze->goal = place;
        }
        if ((int)length > maze->width)
            maze->width = (int)length;
        maze->height++;
    }
    fclose(file);
    if (maze->start < 0 || maze->goal < 0)
        fail("%s: no start, or no goal", name);
}

static int is_free(const struct maze *maze, int place)
{
    int x = place % SIDE_MAX, y = place / SIDE_MAX;

    return place >= 0 && y < maze->height && x < maze->width && maze->cell[y][x] != '#' && maze->cell[y][x] != '\0';
}

/* Where each place was come to from; its own number: not yet. Returns how many places were looked at. */
static unsigned search(const struct maze *maze, int *from, int (*take)(struct queue *queue))
{
    static const int steps[] = { 1, SIDE_MAX, -1, -SIDE_MAX };
    struct queue queue = { NULL, 0, 0, 0 };
    unsigned looked = 0;

    for (int i = 0; i < SIDE_MAX * SIDE_MAX; i++)
        from[i] = i;
    push(&queue, maze->start);
    while (queue.count > 0 && from[maze->goal] == maze->goal) {
        int place = take(&queue);

        looked++;
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
            int next = place + steps[i];

            if (is_free(maze, next) && next != maze->start && from[next] == next) {
                from[next] = place;
                push(&queue, next);
            }
        }
    }
    free(queue.item);
    return looked;
}

static int mark_way(struct maze *maze, const int *from)
{
    int length = 0;

    for (int place = maze->goal; place != maze->start; place = from[place], length++)
        if (place != maze->goal)
            maze->cell[place / SIDE_MAX][place % SIDE_MAX] = '.';
    return length;
}

static void solve(const char *name)
{
    static struct maze maze, shown;
    int from[SIDE_MAX * SIDE_MAX];
    const struct {
        const char *name;
        int (*take)(struct queue *queue);
    } orders[] = { { "broadest", take_first }, { "deepest", take_last } };

    load(&maze, name);
    printf("%s: %d x %d\n", name, maze.width, maze.height);
    for (size_t i = 0; i < 2; i++) {
        unsigned looked = search(&maze, from, orders[i].take);

        shown = maze;
        if (from[maze.goal] == maze.goal)
            fail("%s: no way, after %u places", name, looked);
        printf("%-8s first: %3d steps, %3u places, %5.1f %%\n", orders[i].name, mark_way(&shown, from), looked,
               100.0 * looked / (maze.width * maze.height));
        for (int y = 0; y < shown.height; y++)
            printf("    %s\n", shown.cell[y]);
    }
}

int main(void)
{
    volatile int number = 0, bad = 0;
    char name[32];

    while (number < 4) {
        number++;
        snprintf(name, sizeof(name), "data/maze%d.txt", number);
        if (setjmp(failed) == 0)
            solve(name);
        else
            printf("%d: %s\n", ++bad, why);
    }
    printf("%d mazes, %d without a way\n", number, bad);
    return bad == 2 ? 0 : 1;
}
