/* An application for boot tests: one button for each way to end. The first word of the command line presses it. */
#include <ingot/format.h>
#include <ingot/log.h>
#include <ingot/panic.h>
#include <ingot/string.h>

#include <stdint.h>

static volatile uintptr_t nowhere = 0x10;      /* in page 0; volatile, or gcc would see what is coming */

static int read_nowhere(const char *value)
{
    (void)value;
    return *(volatile int *)nowhere;
}

static int write_text(const char *value)
{
    (void)value;
    *(volatile uint8_t *)(uintptr_t)write_text = 0;
    return 0;
}

/* Into memory that is data: W^X must stop it, and the panic must still find who jumped. */
static int jump_wild(const char *value)
{
    static volatile uint8_t code[16] = { 0xc3 };

    (void)value;
    ((void (*)(void))(uintptr_t)code)();
    return 0;
}

static int fail_assert(const char *value)
{
    assert(value == NULL);
    return 0;
}

static int return_value(const char *value)
{
    unsigned long long number;

    if (parse_number(value[0] == '-' ? value + 1 : value, &number))
        return -1;
    return value[0] == '-' ? -(int)number : (int)number;
}

static int print_words(const char *value)
{
    log_info("words: %s", value);
    return 0;
}

static const struct button {
    const char *name;                          /* with what follows it up to the word's end as its value */
    int (*press)(const char *value);
} buttons[] = {
    { "read-nowhere", read_nowhere },
    { "write-text", write_text },
    { "jump-wild", jump_wild },
    { "fail-assert", fail_assert },
    { "return:", return_value },
    { "print:", print_words },
};

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";

    for (size_t i = 0; i < sizeof(buttons) / sizeof(buttons[0]); i++)
        if (!strncmp(word, buttons[i].name, strlen(buttons[i].name)))
            return buttons[i].press(word + strlen(buttons[i].name));
    log_error("there is no button %s", word);
    return 99;
}
