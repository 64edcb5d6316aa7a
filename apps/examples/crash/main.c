/* A crash, and how to read it: a list is searched for what is not in it, and nobody thought of that.
 *
 *     make run APP=apps/examples/crash
 *
 * What you will see, from top to bottom:
 *
 *     app: looking for pears
 *     PANIC NULL-DEREF: read from 0x8 (page 0: a NULL pointer): nothing is mapped there
 *     in price+... (apps/examples/crash/main.c:46)
 *     rax 0000000000000000 ...
 *     called from ... main+... (apps/examples/crash/main.c:52)
 *     | [...] 0 info  app: looking for pears
 *
 * 1. The first line says what the CPU could not do: read at address 8. Page 0 is never mapped, so that this is seen at once, and 8 is
 *    where struct fruit has its price. So a field of a fruit was read by a pointer that was NULL.
 * 2. "in" says where: the function, the file and the line. Below are the registers, what those that are addresses point to, and the
 *    bytes of the code. One of them held the pointer: rax, which is 0.
 * 3. "called from" says who called, up to main and to what called that; "inlined in", of which function it had become a part.
 * 4. Behind | come the log's last lines: what the program was doing.
 *
 * On a screen the first line stays at the top, and a QR code has the addresses for who has no serial port. After a reset all of it lies
 * in \ingot\last.log on the stick. With gdb, to look at variables: make debug APP=apps/examples/crash */
#include <stddef.h>

#include <ingot/log.h>
#include <ingot/string.h>

struct fruit {
    const char *name;
    unsigned price;                      /* at byte 8 */
    const struct fruit *next;            /* NULL ends the list */
};

static const struct fruit apple = { "apples", 3, NULL }, cherry = { "cherries", 7, &apple };

static __attribute__((noinline)) const struct fruit *find(const struct fruit *list, const char *name)
{
    while (list && strcmp(list->name, name))
        list = list->next;
    return list;                         /* NULL when it is not there */
}

static __attribute__((noinline)) unsigned price(const char *name)
{
    log_info("looking for %s", name);
    return find(&cherry, name)->price;   /* the bug: there may be none */
}

int main(void)
{
    log_info("cherries cost %u", price("cherries"));
    log_info("pears cost %u", price("pears"));
    return 0;
}
