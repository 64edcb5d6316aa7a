#include "efi/recorder.h"

#include "efi/bytes.h"
#include "efi/console.h"
#include "efi/last_run.h"
#include "efi/loader.h"

/* Tried in this order, each time. Low, as firmware takes memory from the top; beside where cores lie, and on machines of 64 MiB too. */
static const uint32_t places[] = { 0x01fe0000, 0x03fe0000, 0x07fe0000, 0x17fe0000 };

static struct recorder *recorder;

void recorder_write(const char *text, uint64_t bytes)
{
    struct recorder_line *line;

    if (!recorder)
        return;
    line = recorder_begin(recorder, bytes);
    memcpy(line->text, text, line->bytes);
    cpu_write_back(line, recorder_finish(recorder, line));
}

void recorder_stage(uint32_t stage)
{
    if (!recorder)
        return;
    recorder->stage = recorder_mark(recorder->key, stage);
    cpu_write_back(recorder, sizeof(*recorder));
}

void recorder_end(uint32_t end)
{
    if (!recorder)
        return;
    recorder->end = recorder_mark(recorder->key, end);
    cpu_write_back(recorder, sizeof(*recorder));
}

void recorder_close(void) { recorder = NULL; }

static EFI_STATUS take(struct loader *loader)
{
    EFI_STATUS status = EFI_NOT_FOUND;

    for (unsigned i = 0; EFI_ERROR(status) && i < sizeof(places) / sizeof(places[0]); i++)
        status = memory_take_at(&loader->memory, HANDOFF_MEMORY_RECORDER, RECORDER_BYTES, places[i], &loader->recorder);
    if (!EFI_ERROR(status))
        return status;
    status = memory_take(&loader->memory, HANDOFF_MEMORY_RECORDER, RECORDER_BYTES, 0, &loader->recorder);
    if (!EFI_ERROR(status))
        say("recorder: W its places are taken: lies at 0x%lx, where the next boot may not look", loader->recorder);
    return status;
}

/* The key need not be secret, only new: whatever lies there takes part. */
static void begin(struct recorder *at, uint32_t run)
{
    uint64_t key = recorder_sum(cpu_ticks(), &at->magic, sizeof(*at) / 8);

    *at = (struct recorder){ .magic = RECORDER_MAGIC, .key = key, .version = RECORDER_VERSION, .run = run, .bytes = RECORDER_BYTES,
                             .next = 1ull << 32 | sizeof(*at) };
    at->sum = recorder_header_sum(at);
    recorder = at;
    recorder_stage(HANDOFF_STAGE_ENTRY);
    recorder_end(RECORDER_RUNNING);
}

/* Lines that were said before there was a recorder. */
static void write_log(void)
{
    uint64_t bytes, start = 0;
    const char *log = console_log(&bytes);

    for (uint64_t i = 0; i < bytes; i++)
        if (log[i] == '\n') {
            recorder_write(log + start, i - start);
            start = i + 1;
        }
}

/* Its text is put together in memory of its own, as this run's will soon lie over it. */
static void read_last_run(struct loader *loader, const struct recorder *from)
{
    uint64_t to;
    EFI_STATUS status = memory_take(&loader->memory, HANDOFF_MEMORY_RECORDER, RECORDER_BYTES, 0, &to);

    if (EFI_ERROR(status))
        say("recorder: W no memory for what run %u left: %s", from->run, status_name(status));
    else
        last_run_read(from, (char *)(uintptr_t)to, RECORDER_BYTES, &loader->last_run);
}

EFI_STATUS recorder_open(struct loader *loader)
{
    struct recorder *at;
    uint32_t run = 0;
    EFI_STATUS status = take(loader);

    if (EFI_ERROR(status)) {
        say("recorder: W none, no memory for it: %s", status_name(status));
        return EFI_SUCCESS;
    }
    at = (struct recorder *)(uintptr_t)loader->recorder;
    if (last_run_is_there(at, RECORDER_BYTES)) {
        run = at->run;
        if (recorder_marked(at->key, at->end) != RECORDER_CLEAN)
            read_last_run(loader, at);
    }
    begin(at, run + 1);
    write_log();
    return EFI_SUCCESS;
}
