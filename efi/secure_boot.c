/* Secure Boot: whether the firmware starts signed images only, and what the command line may then not ask for. The words come from a
 * file and from variables that nobody signed, so those that would let others take the machine are left out, each with a line; the boot
 * goes on without them. */
#include "efi/console.h"
#include "efi/loader.h"
#include "efi/text.h"

enum { UNSAFE_OPTIONS = 4 };
static const char unsafe_options[] =
    "core=\0"                               /* another program than the signed one */
    "debug=\0"                              /* gdb on the serial line writes memory and registers */
    "panic=debug\0"                         /* the same after a panic */
    "serial=";                              /* all that is said would be stored at an address or port of the writer's choice */
static const char safe_option[] = "serial=off";

/* What the variable SecureBoot says ("Globally Defined Variables", UEFI 2.10, 3.3). One that is there but cannot be read counts as on: the
 * careful answer. */
static bool is_on(const struct loader *loader)
{
    EFI_GUID guid = EFI_GLOBAL_VARIABLE;
    EFI_RUNTIME_SERVICES *runtime = loader->system->RuntimeServices;
    UINTN bytes = 1;
    uint8_t value = 0;
    EFI_STATUS status = runtime ? runtime->GetVariable(L"SecureBoot", &guid, NULL, &bytes, &value) : EFI_UNSUPPORTED;

    if (!EFI_ERROR(status) || status == EFI_NOT_FOUND)
        return value == 1;
    say("secure boot: W taken for on, the variable cannot be read: %s", status_name(status));
    return true;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* Words are told apart as the core does it: double quotes hold a word together, wherever they stand, and are no part of it. */
static char *word_end(char *word)
{
    for (bool quoted = false; *word && (quoted || !is_space(*word)); word++)
        quoted ^= *word == '"';
    return word;
}

/* Where the word goes on behind start, or NULL: it begins otherwise. */
static const char *behind(const char *word, const char *start)
{
    for (; *start; word++)
        if (*word != '"' && *word != *start++)
            return NULL;
    while (*word == '"')
        word++;
    return word;
}

static bool is_unsafe(const char *word)
{
    for (unsigned i = 0; i < UNSAFE_OPTIONS; i++)
        if (behind(word, text_entry(unsafe_options, i)))
            return !behind(word, safe_option);
    return false;
}

/* Behind a word -- all words are the application's. */
static void leave_out_unsafe(struct words *words)
{
    char *to = words->text, *end;
    bool ours = true;

    for (char *word = to; *word; word = end) {
        const char *dashes = behind(word, "--");
        char space;

        end = word_end(word);
        space = *end;
        *end = '\0';
        ours &= dashes != end;
        if (ours && is_unsafe(word)) {
            say("secure boot: W %s refused", word);
            end += space != '\0';
            continue;
        }
        *end = space;
        end += space != '\0';
        while (word < end)
            *to++ = *word++;
    }
    *to = '\0';
    words->length = (uint32_t)(to - words->text);
}

void secure_boot_obey(struct loader *loader)
{
    if (!is_on(loader))
        return;
    loader->firmware_flags |= HANDOFF_FIRMWARE_SECURE_BOOT;
    leave_out_unsafe(loader->words);
}
