/* LoadOptions and the loader's file path, from any bytes, behind any ingot.cfg; and what the loader obeys of them (serial=, core=). With Secure
 * Boot on, the core's own reader then finds none of what is unsafe. The input: two bytes each for the lengths of ingot.cfg and of the path (its
 * highest bit: Secure Boot), then these, then the options. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/option.h"
#include "efi/console.h"
#include "efi/loader.h"
#include "efi/ports.h"
#include "efi/serial.h"
#include "efi/volume.h"

#include <ingot/log.h>

enum { PATH_END = 0x7f };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

static const void *file;
static uint64_t file_bytes;
static struct serial_port port[2];
static unsigned ports;

const void *volume_config(uint64_t *out_bytes) { *out_bytes = file_bytes; return file; }
void serial_off(void) { ports = 0; }
uint64_t cpu_address_limit(void) { return 1ull << 36; }
void say(const char *pattern, ...) { (void)pattern; }
const char *status_name(EFI_STATUS status) { (void)status; return ""; }
void log_line(const struct log_subsystem *subsystem, enum log_level level, const char *pattern, ...) { (void)subsystem, (void)level, (void)pattern; }
EFI_STATUS refuse(EFI_STATUS status, const char *code, const char *pattern, ...) { (void)code, (void)pattern; return status; }

/* No register of it may lie outside of the machine. */
bool port_join(const struct serial_port *place)
{
    uint64_t limit = place->space == HANDOFF_SERIAL_IO ? 0x10000 : cpu_address_limit();

    if (place->address == 0 || (place->stride != 1 && place->stride != 2 && place->stride != 4) || place->address + 8 * place->stride > limit)
        abort();
    if (ports < 2)
        port[ports++] = *place;
    return ports < 2;
}

static EFI_STATUS EFIAPI get_variable(CHAR16 *name, EFI_GUID *guid, UINT32 *attributes, UINTN *bytes, void *value)
{
    (void)name, (void)guid, (void)attributes, (void)bytes;
    *(uint8_t *)value = 1;
    return EFI_SUCCESS;
}

static bool begins(const char *value, const char *with) { return value && strncmp(value, with, strlen(with)) == 0; }

static void must_be_safe(const struct words *words)
{
    option_start(words->text, "fuzz");
    if (option("core") || option("debug") || begins(option("panic"), "debug") || (option("serial") && !begins(option("serial"), "off")))
        abort();
}

static uint8_t *take(const uint8_t **input, size_t *bytes, size_t count)
{
    uint8_t *copy = malloc(count ? count : 1);

    memcpy(copy, *input, count);
    *input += count;
    *bytes -= count;
    return copy;
}

static size_t length(const uint8_t *at, size_t most)
{
    size_t bytes = (size_t)at[0] | (size_t)(at[1] & 0x7f) << 8;

    return bytes < most ? bytes : most;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
    size_t path_bytes;
    uint8_t *content, *path, *options;
    struct loader *loader = calloc(1, sizeof(*loader));
    EFI_LOADED_IMAGE loaded = { 0 };
    EFI_RUNTIME_SERVICES runtime = { .GetVariable = get_variable };
    EFI_SYSTEM_TABLE system = { 0 };

    if (bytes < 4)
        return free(loader), 0;
    file_bytes = length(input, bytes - 4);
    system.RuntimeServices = input[3] & 0x80 ? &runtime : NULL;
    path_bytes = length(input + 2, bytes - 4 - file_bytes);
    path_bytes = path_bytes < CONFIG_PATH_MAX ? path_bytes : CONFIG_PATH_MAX;
    input += 4;
    bytes -= 4;
    content = take(&input, &bytes, file_bytes);
    path = memset(malloc(CONFIG_PATH_MAX), PATH_END, CONFIG_PATH_MAX);       /* as much as may be looked at */
    memcpy(path, input, path_bytes);
    input += path_bytes;
    bytes -= path_bytes;
    options = take(&input, &bytes, bytes);
    file = content;
    ports = 0;
    loaded.FilePath = (void *)path;
    loaded.LoadOptions = options;
    loaded.LoadOptionsSize = (uint32_t)bytes;
    loader->loaded = &loaded;
    loader->system = &system;
    loader->words = malloc(sizeof(*loader->words));
    words_clear(loader->words);
    command_line_read(loader);
    if (strlen(loader->words->text) != loader->words->length || memchr(loader->core_path, 0, PATH_BYTES) == NULL)
        abort();
    if (system.RuntimeServices)
        must_be_safe(loader->words);
    free(loader->words);
    free(options);
    free(path);
    free(content);
    free(loader);
    return 0;
}
