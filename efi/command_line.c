/* The command line, and what of it the loader itself obeys: serial=, core= (mode= is the displays'). All words go on to the core. */
#include "efi/console.h"
#include "efi/loader.h"
#include "efi/ports.h"
#include "efi/text.h"
#include "efi/volume.h"

/* `,number` at *at, if there is one. False when something else is there. */
static bool optional_number(const char **at, uint64_t *value)
{
    if (**at != ',')
        return **at == ' ' || **at == '\0';
    (*at)++;
    return text_number(at, value);
}

/* serial=PORT, serial=io:PORT or serial=mmio:ADDRESS, each with [,STRIDE[,CLOCK_HZ[,BAUD]]]: stride 1, 2 or 4; with a clock the port is
 * set to that speed, or to 115200 baud. */
static bool parse_serial(const char *text, struct serial_port *out)
{
    bool io = !text_starts_with(text, "mmio:");
    uint64_t address, stride = 1, clock_hz = 0, baud = 115200, limit = io ? 0xffff : cpu_address_limit();

    text += !io ? 5 : text_starts_with(text, "io:") ? 3 : 0;
    if (!text_number(&text, &address) || !optional_number(&text, &stride) || !optional_number(&text, &clock_hz) ||
        !optional_number(&text, &baud))
        return false;
    if (*text != ' ' && *text != '\0')
        return false;
    if ((stride != 1 && stride != 2 && stride != 4) || address == 0 || clock_hz > UINT32_MAX ||
        baud - 1 >= UINT32_MAX || address > limit - 8 * stride)
        return false;
    *out = (struct serial_port){
        .address = address, .space = io ? HANDOFF_SERIAL_IO : HANDOFF_SERIAL_MMIO, .stride = (uint32_t)stride,
        .clock_hz = (uint32_t)clock_hz, .baud = clock_hz ? (uint32_t)baud : 0, .source = HANDOFF_SERIAL_OPTION };
    return true;
}

static void obey_serial(const struct words *words)
{
    struct serial_port place;

    for (const char *value = NULL; (value = words_next(words, "serial=", value)) != NULL;) {
        if (text_starts_with(value, "off"))
            serial_off();
        else if (parse_serial(value, &place)) {
            if (!port_join(&place))
                say("serial: W nothing answers at 0x%lx, not used", place.address);
        } else if (!text_starts_with(value, "pci:"))          /* the core's */
            say("serial: W serial= wants off, PORT, io:PORT, mmio:ADDRESS or pci:BB:DD.F[,STRIDE[,HZ[,BAUD]]]; ignored");
    }
}

EFI_STATUS command_line_read(struct loader *loader)
{
    const EFI_LOADED_IMAGE *loaded = loader->loaded;
    const char *ignored = "";
    char own_name[CONFIG_NAME_BYTES];
    uint64_t bytes;
    const void *content = volume_config(&bytes);
    uint32_t left_out = config_add_file(loader->words, content, bytes);

    if (left_out)
        say("config: W %u lines of ingot.cfg are not UTF-8 text, ignored", left_out);
    if (loaded) {
        config_file_name(loaded->FilePath, own_name, sizeof(own_name));
        if (config_add_options(loader->words, loaded->LoadOptions, loaded->LoadOptionsSize, own_name) == CONFIG_OPTIONS_RUBBISH)
            ignored = "W LOADOPT ignored, ";
    }
    secure_boot_obey(loader);
    say("words: %s%s%s", ignored, loader->words->text, loader->words->cut ? " (W cut here)" : "");
    obey_serial(loader->words);
    if (words_next(loader->words, "core=", NULL) && !words_last(loader->words, "core=", loader->core_path, PATH_BYTES))
        return refuse(EFI_INVALID_PARAMETER, "READ", "the path behind core= is longer than %u bytes", PATH_BYTES - 1);
    return EFI_SUCCESS;
}
