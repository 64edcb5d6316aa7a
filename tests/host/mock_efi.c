#include "mock_efi.h"

#include <sanitizer/asan_interface.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "core/handoff_view.h"
#include "efi/embedded.h"
#include "efi/recorder.h"

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

struct mock_efi mock_efi;
char mock_log_text[2][MOCK_LOG_BYTES];

enum { PAGE = 4096, MAP_MAX = 8192, BLOCKS = 64, POOLS = 8, FRAME_BYTES = 8 << 20, RED_BAR_BYTES_MAX = 512 << 10 };
enum { ARENA = 0x2000000, ARENA_END = 0x6000000, IMAGE = 0x5f00000, IMAGE_PAGES = 40, TEXT_PAGES = 8, FRAME_LOW = 0x8000000 };

static struct block { uint64_t base, pages; uint32_t type; bool foreign; } block[BLOCKS];
static unsigned blocks;
static EFI_MEMORY_DESCRIPTOR map[MAP_MAX];
static uint32_t map_count, grown;
static UINTN map_key;
static EFI_SYSTEM_TABLE system_table;
static EFI_BOOT_SERVICES boot;
static EFI_RUNTIME_SERVICES runtime;
static EFI_LOADED_IMAGE loaded;
static EFI_CONFIGURATION_TABLE tables[4];
static SIMPLE_TEXT_OUTPUT_INTERFACE console;
static EFI_FILE_IO_INTERFACE volume;
static EFI_FILE_PROTOCOL root_file, config_file, core_file, folder_file, log_file[2];
static uint64_t config_at, core_at;
static EFI_RNG_PROTOCOL rng;
static struct tcg2 tcg2;
static EFI_GRAPHICS_OUTPUT_PROTOCOL gop[MOCK_GOPS];
static EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE gop_mode[MOCK_GOPS];
static EFI_GRAPHICS_OUTPUT_MODE_INFORMATION gop_info[MOCK_GOPS];
static int image_handle, volume_handle, console_handle, gop_handle[MOCK_GOPS];
static uint8_t rsdp[36], xsdt[36 + 4 * 8], madt[44 + 12 + 8], hpet[56];

#define FAIL(...) (print_error(__VA_ARGS__), print_error("\n--- serial:\n%s\n", mock_cpu.text), fail())

/* ---- the list of errors ---- */

static const struct { const char *name; EFI_STATUS error[12]; } services[MOCK_SERVICES] = {
    [MOCK_ALLOCATE_PAGES] = { "AllocatePages", { EFI_OUT_OF_RESOURCES, EFI_INVALID_PARAMETER, EFI_NOT_FOUND, EFIERR(99) } },
    [MOCK_FREE_PAGES] = { "FreePages", { EFI_NOT_FOUND, EFI_INVALID_PARAMETER, EFIERR(99) } },
    [MOCK_GET_MEMORY_MAP] = { "GetMemoryMap", { EFI_BUFFER_TOO_SMALL, EFI_INVALID_PARAMETER, EFIERR(99) } },
    [MOCK_FREE_POOL] = { "FreePool", { EFI_INVALID_PARAMETER, EFIERR(99) } },
    [MOCK_HANDLE_PROTOCOL] = { "HandleProtocol", { EFI_UNSUPPORTED, EFI_INVALID_PARAMETER, EFIERR(99) } },
    [MOCK_LOCATE_PROTOCOL] = { "LocateProtocol", { EFI_NOT_FOUND, EFI_INVALID_PARAMETER, EFIERR(99) } },
    [MOCK_LOCATE_HANDLE_BUFFER] = { "LocateHandleBuffer", {
        EFI_NOT_FOUND, EFI_OUT_OF_RESOURCES, EFI_INVALID_PARAMETER, EFIERR(99) } },
    [MOCK_SET_WATCHDOG] = { "SetWatchdogTimer", { EFI_INVALID_PARAMETER, EFI_UNSUPPORTED, EFI_DEVICE_ERROR, EFIERR(99) } },
    [MOCK_EXIT_BOOT_SERVICES] = { "ExitBootServices", { EFI_INVALID_PARAMETER, EFI_DEVICE_ERROR, EFIERR(99) } },
    [MOCK_OPEN_VOLUME] = { "OpenVolume", {
        EFI_UNSUPPORTED, EFI_NO_MEDIA, EFI_DEVICE_ERROR, EFI_VOLUME_CORRUPTED, EFI_ACCESS_DENIED,
        EFI_OUT_OF_RESOURCES, EFI_MEDIA_CHANGED, EFIERR(99) } },
    [MOCK_OPEN] = { "Open", {
        EFI_NOT_FOUND, EFI_NO_MEDIA, EFI_MEDIA_CHANGED, EFI_DEVICE_ERROR, EFI_VOLUME_CORRUPTED, EFI_WRITE_PROTECTED,
        EFI_ACCESS_DENIED, EFI_OUT_OF_RESOURCES, EFI_VOLUME_FULL, EFI_INVALID_PARAMETER, EFIERR(99) } },
    [MOCK_CLOSE] = { "Close", { EFIERR(99) } },
    [MOCK_READ] = { "Read", { EFI_NO_MEDIA, EFI_DEVICE_ERROR, EFI_VOLUME_CORRUPTED, EFI_BUFFER_TOO_SMALL, EFIERR(99) } },
    [MOCK_GET_INFO] = { "GetInfo", {
        EFI_UNSUPPORTED, EFI_NO_MEDIA, EFI_DEVICE_ERROR, EFI_VOLUME_CORRUPTED, EFI_BUFFER_TOO_SMALL, EFIERR(99) } },
    [MOCK_SET_INFO] = { "SetInfo", {
        EFI_UNSUPPORTED, EFI_NO_MEDIA, EFI_DEVICE_ERROR, EFI_VOLUME_CORRUPTED, EFI_WRITE_PROTECTED, EFI_ACCESS_DENIED, EFI_VOLUME_FULL,
        EFI_BAD_BUFFER_SIZE, EFIERR(99) } },
    [MOCK_WRITE] = { "Write", {
        EFI_UNSUPPORTED, EFI_NO_MEDIA, EFI_DEVICE_ERROR, EFI_VOLUME_CORRUPTED, EFI_WRITE_PROTECTED, EFI_ACCESS_DENIED, EFI_VOLUME_FULL,
        EFIERR(99) } },
    [MOCK_DELETE] = { "Delete", { EFI_WARN_DELETE_FAILURE } },
    [MOCK_QUERY_MODE] = { "QueryMode", { EFI_DEVICE_ERROR, EFI_NOT_STARTED, EFI_INVALID_PARAMETER, EFIERR(99) } },
    [MOCK_SET_MODE] = { "SetMode", { EFI_DEVICE_ERROR, EFI_UNSUPPORTED, EFIERR(99) } },
    [MOCK_GET_RNG] = { "GetRNG", { EFI_UNSUPPORTED, EFI_DEVICE_ERROR, EFI_NOT_READY, EFI_INVALID_PARAMETER, EFIERR(99) } },
    [MOCK_HASH_LOG_EXTEND] = { "HashLogExtendEvent", { EFI_DEVICE_ERROR, EFI_VOLUME_FULL, EFI_INVALID_PARAMETER, EFI_UNSUPPORTED, EFIERR(99) } },
    [MOCK_GET_VARIABLE] = { "GetVariable", {
        EFI_NOT_FOUND, EFI_BUFFER_TOO_SMALL, EFI_INVALID_PARAMETER, EFI_DEVICE_ERROR, EFI_SECURITY_VIOLATION,
        EFI_UNSUPPORTED, EFIERR(99) } },
    [MOCK_OUTPUT_STRING] = { "OutputString", { EFI_DEVICE_ERROR, EFI_UNSUPPORTED, EFIERR(99) } },
};

const EFI_STATUS *mock_errors(enum mock_service service) { return services[service].error; }
const char *mock_service_name(enum mock_service service) { return services[service].name; }

/* Every service begins here: the rules of UEFI, the record, the fault that was asked for. Returns the status to fail with, or 0. */
static EFI_STATUS enter(enum mock_service service)
{
    struct mock_efi *m = &mock_efi;

    if (m->exited)
        FAIL("%s called after ExitBootServices succeeded", mock_service_name(service));
    if (m->exits && service != MOCK_GET_MEMORY_MAP && service != MOCK_EXIT_BOOT_SERVICES)
        FAIL("%s called after the first ExitBootServices", mock_service_name(service));
    if (m->calls == MOCK_CALLS_MAX)
        FAIL("the loader makes more than %d calls", MOCK_CALLS_MAX);
    m->call[m->calls++] = service;
    if (m->whim)
        return m->whim(service);
    if (m->fault_service >= 0 && service != (enum mock_service)m->fault_service)
        return 0;
    m->counted++;
    if (m->fault_call && (m->counted == m->fault_call || (m->fault_lasts && m->counted > m->fault_call))) {
        m->fault_hit = true;
        return m->fault_status;
    }
    return 0;
}

static bool lies(enum mock_service service) { return mock_efi.lies && mock_efi.lies(service); }

/* ---- memory ---- */

static bool is_free(uint64_t base, uint64_t pages)
{
    if (base < ARENA || pages > (ARENA_END - ARENA) / PAGE || base + pages * PAGE > ARENA_END)
        return false;
    for (unsigned i = 0; i < blocks; i++)
        if (base < block[i].base + block[i].pages * PAGE && block[i].base < base + pages * PAGE)
            return false;
    return true;
}

static uint64_t free_now(void)
{
    uint64_t pages = (ARENA_END - ARENA) / PAGE;

    for (unsigned i = 0; i < blocks; i++)
        pages -= block[i].base ? block[i].pages : 0;
    return mock_efi.free_pages && mock_efi.free_pages < pages ? mock_efi.free_pages : pages;
}

/* From the top, as firmware does: just below each block, or below the end. */
static uint64_t find_free(uint64_t pages)
{
    uint64_t best = 0;

    if (pages >= (ARENA_END - ARENA) / PAGE)
        return 0;
    if (is_free(ARENA_END - pages * PAGE, pages))
        return ARENA_END - pages * PAGE;
    for (unsigned i = 0; i < blocks; i++)
        if (block[i].base > pages * PAGE && block[i].base - pages * PAGE > best && is_free(block[i].base - pages * PAGE, pages))
            best = block[i].base - pages * PAGE;
    return best;
}

static void add_block(uint64_t base, uint64_t pages, uint32_t type, bool foreign)
{
    block[blocks++] = (struct block){ base, pages, type, foreign };
    map_key++;
    mock_efi.pages_out += foreign ? 0 : pages;
    if (base) {
        ASAN_UNPOISON_MEMORY_REGION((void *)(uintptr_t)base, pages * PAGE);
        if (!foreign)
            memset((void *)(uintptr_t)base, 0xa5, mock_efi.memory_kept ? PAGE : pages * PAGE);
        if (base == MOCK_RECORDER && mock_efi.left)
            memcpy((void *)(uintptr_t)base, mock_efi.left, MOCK_RECORDER_BYTES);
    }
}

static void drop_block(unsigned i)
{
    if (block[i].base)
        ASAN_POISON_MEMORY_REGION((void *)(uintptr_t)block[i].base, block[i].pages * PAGE);
    mock_efi.pages_out -= block[i].foreign ? 0 : block[i].pages;
    block[i] = block[--blocks];
    map_key++;
}

static EFI_STATUS EFIAPI allocate_pages(EFI_ALLOCATE_TYPE kind, EFI_MEMORY_TYPE type, UINTN pages, EFI_PHYSICAL_ADDRESS *address)
{
    EFI_STATUS status = enter(MOCK_ALLOCATE_PAGES);
    uint64_t base;

    if (status)
        return status;
    if (type != EfiLoaderCode && type != EfiLoaderData)
        FAIL("pages of type %u were asked for", (unsigned)type);
    if (pages == 0 || pages > free_now() || blocks == BLOCKS)
        return EFI_OUT_OF_RESOURCES;
    if (kind == AllocateAnyPages && mock_efi.page_zero) {
        mock_efi.page_zero = false;
        base = 0;
    } else {
        base = kind == AllocateAddress ? *address : find_free(pages);
        if (base % PAGE || !is_free(base, pages))
            return kind == AllocateAddress ? EFI_NOT_FOUND : EFI_OUT_OF_RESOURCES;
    }
    add_block(base, pages, type, false);
    *address = base;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI free_pages(EFI_PHYSICAL_ADDRESS address, UINTN pages)
{
    EFI_STATUS status = enter(MOCK_FREE_PAGES);

    for (unsigned i = 0; i < blocks; i++)
        if (!block[i].foreign && block[i].base == address && block[i].pages == pages) {
            drop_block(i);
            return status;               /* a firmware that fails to free has leaked by itself */
        }
    FAIL("pages at %#lx are freed that were not given", address);
    return EFI_NOT_FOUND;
}

static EFI_STATUS EFIAPI free_pool(VOID *buffer)
{
    EFI_STATUS status = enter(MOCK_FREE_POOL);

    mock_efi.pools_out--;
    free(buffer);
    return status;
}

/* ---- the memory map ---- */

static void add_entry(uint32_t type, uint64_t start, uint64_t end, uint64_t attributes)
{
    if (map_count < MAP_MAX)
        map[map_count++] = (EFI_MEMORY_DESCRIPTOR){ type, 0, start, 0, (end - start) / PAGE, attributes };
}

static int by_base(const void *a, const void *b)
{
    const struct block *left = a, *right = b;

    return left->base < right->base ? -1 : left->base > right->base;
}

static void add_arena(void)
{
    struct block sorted[BLOCKS];
    uint64_t at = ARENA;

    memcpy(sorted, block, sizeof(block[0]) * blocks);
    qsort(sorted, blocks, sizeof(sorted[0]), by_base);
    for (unsigned i = 0; i < blocks; i++) {
        if (sorted[i].base == 0)
            continue;
        if (at < sorted[i].base)
            add_entry(EfiConventionalMemory, at, sorted[i].base, 0xf);
        at = sorted[i].base + sorted[i].pages * PAGE;
        add_entry(sorted[i].type, sorted[i].base, at, 0xf);
    }
    if (at < ARENA_END)
        add_entry(EfiConventionalMemory, at, ARENA_END, 0xf);
}

static void add_map_faults(uint32_t faults)
{
    if (faults & MAP_FAULT_EMPTY) {
        add_entry(EfiConventionalMemory, 0x150000000, 0x150000000, 0xf);
        add_entry(EfiReservedMemoryType, 0, 0, 0xf);
    }
    if (faults & MAP_FAULT_OVERLAP) {
        add_entry(EfiReservedMemoryType, 0x300000, 0x310000, 0xf);
        add_entry(EfiConventionalMemory, 0x180000000, 0x190000000, 0xf);
        add_entry(EfiACPIMemoryNVS, 0x17fff0000, 0x180010000, 0xf);
        add_entry(EfiConventionalMemory, 0x180000000, 0x190000000, 0xf);
    }
    if (faults & MAP_FAULT_WRAP) {
        map[map_count] = (EFI_MEMORY_DESCRIPTOR){ EfiConventionalMemory, 0, 0xfffffffffff00000, 0, 0x200, 0xf };
        map[map_count + 1] = (EFI_MEMORY_DESCRIPTOR){ EfiReservedMemoryType, 0, 0x1000, 0, 0xfffffffffffff, 0xf };
        map[map_count + 2] = (EFI_MEMORY_DESCRIPTOR){ EfiConventionalMemory, 0, 0x1c0000000, 0, (1ull << 52) + 16, 0xf };
        map_count += 3;
    }
    if (faults & MAP_FAULT_OEM) {
        add_entry(0x70000000, 0x1a0000000, 0x1a0100000, 0xf);
        add_entry(0x80000000, 0x1a0100000, 0x1a0200000, 0xf);
        add_entry(EFI_UNACCEPTED_MEMORY, 0x1a0200000, 0x1a0300000, 0xf);
        add_entry(EFI_PERSISTENT_MEMORY, 0x1a0300000, 0x1a0400000, 0x800f);
        add_entry(EfiConventionalMemory, 0x1a0400000, 0x1a0500000, 0xf | EFI_MEMORY_SPECIFIC_PURPOSE);
        add_entry(EfiConventionalMemory, 0x1a0500000, 0x1a0600000, 0x1000f);
        add_entry(EfiConventionalMemory, 0x1a0600000, 0x1a0700000, EFI_MEMORY_UC);
    }
    if (faults & MAP_FAULT_UNALIGNED) {
        map[map_count++] = (EFI_MEMORY_DESCRIPTOR){ EfiConventionalMemory, 0, 0x1b0000800, 0, 16, 0xf };
        map[map_count++] = (EFI_MEMORY_DESCRIPTOR){ EfiReservedMemoryType, 0, 0x1b0100800, 0, 1, 0xf };
    }
}

static void reverse_map(void)
{
    for (uint32_t i = 0; i < map_count / 2; i++) {
        EFI_MEMORY_DESCRIPTOR other = map[map_count - 1 - i];

        map[map_count - 1 - i] = map[i];
        map[i] = other;
    }
}

static void shuffle_map(uint32_t order)
{
    for (uint32_t i = map_count; i > 1; i--) {
        EFI_MEMORY_DESCRIPTOR last = map[i - 1];

        order = order * 1664525 + 1013904223;
        map[i - 1] = map[(order >> 8) % i];
        map[(order >> 8) % i] = last;
    }
}

static void make_map(void)
{
    static const uint64_t MANY = 0x200000000;
    uint32_t extra = mock_efi.extra_entries + grown;

    map_count = 0;
    add_entry(EfiConventionalMemory, 0, 0xa0000, 0xf);
    add_entry(EfiConventionalMemory, 0x100000, 0x800000, 0xf);
    add_entry(EfiACPIMemoryNVS, 0x800000, 0x810000, 0xf);
    add_entry(EfiBootServicesData, 0x810000, ARENA, 0xf);
    add_arena();
    add_entry(EfiBootServicesCode, ARENA_END, 0x6100000, 0xf);
    add_entry(EfiRuntimeServicesCode, 0x6100000, 0x6180000, 0xf | EFI_MEMORY_RUNTIME);
    add_entry(EfiReservedMemoryType, 0x6180000, 0x6200000, 0xf);
    add_entry(mock_efi.reserve_late && mock_efi.exits == 0 ? EfiReservedMemoryType : EfiConventionalMemory, 0x6200000, 0x6400000,
              0xf);
    add_entry(EfiACPIReclaimMemory, 0x6400000, 0x6420000, 0xf);
    add_entry(EfiMemoryMappedIO, 0xe0000000, 0xf0000000, 0x8000000000000001);
    add_entry(EfiConventionalMemory, 0x100000000, 0x140000000, 0xf);
    for (uint32_t i = 0; i < extra; i++)
        add_entry(i % 2 ? EfiBootServicesData : EfiConventionalMemory, MANY + i * 0x3000ull, MANY + (i + 1) * 0x3000ull, 0xf);
    add_map_faults(mock_efi.map_faults);
    if (mock_efi.map_faults & MAP_FAULT_UNSORTED)
        reverse_map();
    if (mock_efi.map_order)
        shuffle_map(mock_efi.map_order);
}

static EFI_STATUS EFIAPI get_memory_map(UINTN *bytes, EFI_MEMORY_DESCRIPTOR *to, UINTN *key, UINTN *descriptor_bytes,
                                        UINT32 *version)
{
    EFI_STATUS status = enter(MOCK_GET_MEMORY_MAP);
    struct mock_efi *m = &mock_efi;
    UINTN need, room = *bytes;

    if (status && status != EFI_BUFFER_TOO_SMALL)
        return status;
    m->map_reads++;
    if (m->growth) {
        grown += m->growth;
        map_key++;
    }
    make_map();
    need = (UINTN)map_count * m->descriptor_bytes;
    *bytes = need + m->odd_map_bytes;
    if (!m->sizes_unset || room >= need) {
        *descriptor_bytes = m->descriptor_bytes;
        *version = 1;
    }
    if (status)
        *bytes = room + 5 * m->descriptor_bytes;
    if (status || room < need || !to)
        return EFI_BUFFER_TOO_SMALL;
    for (uint32_t i = 0; i < map_count; i++) {
        uint8_t *entry = (uint8_t *)to + (UINTN)i * m->descriptor_bytes;

        memset(entry, 0xee, m->descriptor_bytes);
        memcpy(entry, &map[i], m->descriptor_bytes < sizeof(map[i]) ? m->descriptor_bytes : sizeof(map[i]));
    }
    if (m->overrun_at == m->map_reads)
        memset((uint8_t *)to + room, 0, 8);
    *key = map_key;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI exit_boot_services(EFI_HANDLE image, UINTN key)
{
    EFI_STATUS status = enter(MOCK_EXIT_BOOT_SERVICES);
    struct mock_efi *m = &mock_efi;

    if (image != &image_handle)
        FAIL("ExitBootServices got a handle that is not the loader's");
    m->exits++;
    if (m->stale_keys || key != map_key || status) {
        m->exits_forced += m->stale_keys || status;
        m->stale_keys -= m->stale_keys > 0;
        m->exits_failed++;
        grown += m->growth_in_exit;
        map_key++;
        return status ? status : EFI_INVALID_PARAMETER;
    }
    m->exited = true;
    return EFI_SUCCESS;
}

/* ---- volume ---- */

/* The paths that the loader may write to: what is there, and with CREATE what is not. */
static EFI_FILE_PROTOCOL *open_for_writing(const char *name, UINT64 mode, UINT64 attributes)
{
    bool create = mode & EFI_FILE_MODE_CREATE;

    if (strcmp(name, "\\ingot") == 0 && attributes == EFI_FILE_DIRECTORY)
        return &folder_file;
    for (int i = 0; i < 2 && attributes == 0; i++)
        if (strcmp(name, i ? "\\ingot\\last.1.log" : "\\ingot\\last.log") == 0) {
            mock_efi.log[i].is_there |= create;
            return mock_efi.log[i].is_there ? &log_file[i] : NULL;
        }
    FAIL("%s is opened for writing", name);
    return NULL;
}

static EFI_STATUS EFIAPI file_open(EFI_FILE_HANDLE file, EFI_FILE_HANDLE *out, CHAR16 *path, UINT64 mode, UINT64 attributes)
{
    EFI_STATUS status = enter(MOCK_OPEN);
    char name[64];
    unsigned i = 0;

    if (status)
        return status;
    if (lies(MOCK_OPEN))
        return *out = NULL, EFI_SUCCESS;
    if (file != &root_file || (mode == EFI_FILE_MODE_READ && attributes) || (mode & 7) == 2)
        FAIL("a file is opened in a way that it should not be");
    for (; path[i] && i < sizeof(name) - 1; i++)
        name[i] = (char)path[i];
    name[i] = '\0';
    if (mode != EFI_FILE_MODE_READ) {
        if (mock_efi.read_only)
            return EFI_WRITE_PROTECTED;
        *out = open_for_writing(name, mode, attributes);
    } else if (strcmp(name, "\\ingot\\ingot.cfg") == 0 && !mock_efi.no_config) {
        *out = &config_file;
    } else {
        *out = strcmp(name, "\\core.elf") == 0 ? &core_file : NULL;
    }
    if (!*out)
        return EFI_NOT_FOUND;
    config_at = *out == &config_file ? 0 : config_at;
    core_at = *out == &core_file ? 0 : core_at;
    mock_efi.files_out++;
    return EFI_SUCCESS;
}

static bool is_log(EFI_FILE_HANDLE file) { return file == &log_file[0] || file == &log_file[1]; }

static EFI_STATUS EFIAPI file_write(EFI_FILE_HANDLE file, UINTN *bytes, VOID *from)
{
    EFI_STATUS status = enter(MOCK_WRITE);
    struct mock_log *log = &mock_efi.log[file - log_file];

    if (!is_log(file))
        FAIL("a file is written that should not be");
    if (mock_efi.write_limit && *bytes > mock_efi.write_limit)
        *bytes = mock_efi.write_limit;
    if (*bytes > MOCK_LOG_BYTES)
        FAIL("%lu bytes are written", *bytes);
    memcpy(mock_log_text[log - mock_efi.log], from, status ? *bytes / 2 : *bytes);   /* what fails has written a part */
    log->bytes = status ? *bytes / 2 : log->bytes > *bytes ? log->bytes : *bytes;
    return status;
}

static EFI_STATUS EFIAPI file_delete(EFI_FILE_HANDLE file)
{
    EFI_STATUS status = enter(MOCK_DELETE);

    if (!is_log(file))
        FAIL("a file is deleted that should not be");
    mock_efi.files_out--;
    if (!status)
        mock_efi.log[file - log_file] = (struct mock_log){ false, 0 };
    return status;
}

/* Renames last.log. */
static EFI_STATUS EFIAPI file_set_info(EFI_FILE_HANDLE file, EFI_GUID *guid, UINTN bytes, VOID *from)
{
    EFI_STATUS status = enter(MOCK_SET_INFO);
    const EFI_FILE_INFO *info = from;
    EFI_GUID wanted = EFI_FILE_INFO_ID;

    if (file != &log_file[0] || memcmp(guid, &wanted, sizeof(wanted)) || bytes != offsetof(EFI_FILE_INFO, FileName) + 11 * 2 ||
        info->Size != bytes || memcmp(info->FileName, L"last.1.log", 11 * 2) || info->FileSize != mock_efi.log[0].bytes)
        FAIL("information of a file is set in a way that it should not be");
    if (status)
        return status;
    if (mock_efi.log[1].is_there)
        return EFI_ACCESS_DENIED;
    memcpy(mock_log_text[1], mock_log_text[0], mock_efi.log[0].bytes);
    mock_efi.log[1] = mock_efi.log[0];
    mock_efi.log[0] = (struct mock_log){ false, 0 };
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI file_close(EFI_FILE_HANDLE file)
{
    EFI_STATUS status = enter(MOCK_CLOSE);

    if ((file != &root_file && file != &config_file && file != &core_file && file != &folder_file && !is_log(file)) ||
        mock_efi.files_out == 0)
        FAIL("a file is closed that is not open");
    mock_efi.files_out--;
    return status;
}

static EFI_STATUS EFIAPI file_read(EFI_FILE_HANDLE file, UINTN *bytes, VOID *to)
{
    EFI_STATUS status = enter(MOCK_READ);
    uint64_t *at = file == &config_file ? &config_at : &core_at;
    const char *from = file == &config_file ? mock_efi.config : mock_efi.core;
    uint64_t size = file == &config_file ? mock_efi.config_bytes : mock_efi.core_bytes;

    if (status)
        return status;
    if (lies(MOCK_READ))
        return *bytes += 1, EFI_SUCCESS;
    if (*bytes > size - *at)
        *bytes = size - *at;
    if (mock_efi.read_limit && *bytes > mock_efi.read_limit)
        *bytes = mock_efi.read_limit;
    if (*bytes)
        memcpy(to, from + *at, *bytes);
    *at += *bytes;
    return EFI_SUCCESS;
}

static EFI_STATUS volume_info(UINTN *bytes, VOID *to)
{
    EFI_FILE_SYSTEM_INFO info = { .Size = sizeof(info), .ReadOnly = mock_efi.read_only, .BlockSize = 512,
                                  .FreeSpace = mock_efi.room_bytes ? mock_efi.room_bytes : 40 << 20 };

    memcpy(to, &info, sizeof(info));
    *bytes = sizeof(info);
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI file_info(EFI_FILE_HANDLE file, EFI_GUID *guid, UINTN *bytes, VOID *to)
{
    EFI_STATUS status = enter(MOCK_GET_INFO);
    EFI_FILE_INFO info = { .Size = sizeof(info), .FileSize = is_log(file) ? mock_efi.log[file - log_file].bytes : mock_efi.core_bytes };
    EFI_GUID of_volume = EFI_FILE_SYSTEM_INFO_ID;

    if (status)
        return status;
    if (*bytes < sizeof(info))
        FAIL("GetInfo got too little room");
    if (memcmp(guid, &of_volume, sizeof(of_volume)) == 0)
        return volume_info(bytes, to);
    if (mock_efi.core_is_directory && file == &core_file)
        info.Attribute = EFI_FILE_DIRECTORY;
    if (file == &core_file && lies(MOCK_GET_INFO))
        info.FileSize += 100;
    memcpy(to, &info, sizeof(info));
    *bytes = sizeof(info);
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI open_volume(EFI_FILE_IO_INTERFACE *this, EFI_FILE_HANDLE *out)
{
    EFI_STATUS status = enter(MOCK_OPEN_VOLUME);

    (void)this;
    if (status)
        return status;
    mock_efi.files_out++;
    *out = &root_file;
    return EFI_SUCCESS;
}

/* ---- displays ---- */

static unsigned index_of(const EFI_GRAPHICS_OUTPUT_PROTOCOL *this) { return (unsigned)(this - gop); }

static void set_info(unsigned i, uint32_t width, uint32_t height, uint32_t scan_line)
{
    const struct mock_gop *wanted = &mock_efi.gop[i];

    gop_info[i] = (EFI_GRAPHICS_OUTPUT_MODE_INFORMATION){
        0, width, height, wanted->blt_only ? PixelBltOnly : (EFI_GRAPHICS_PIXEL_FORMAT)wanted->format, wanted->mask, scan_line };
    gop_mode[i].Info = &gop_info[i];
    gop_mode[i].SizeOfInfo = sizeof(gop_info[i]);
    gop_mode[i].FrameBufferBase = wanted->base;
    gop_mode[i].FrameBufferSize = wanted->bytes ? wanted->bytes : (uint64_t)scan_line * height * 4;
}

/* Mode 0 is the one that is set, mode 1 is 800x600. What QueryMode says of the pitch is wrong, as in the field. */
static EFI_STATUS EFIAPI query_mode(EFI_GRAPHICS_OUTPUT_PROTOCOL *this, UINT32 mode, UINTN *bytes,
                                    EFI_GRAPHICS_OUTPUT_MODE_INFORMATION **out)
{
    EFI_STATUS status = enter(MOCK_QUERY_MODE);
    const struct mock_gop *wanted = &mock_efi.gop[index_of(this)];

    if (status)
        return status;
    if (mode > 1)
        return EFI_INVALID_PARAMETER;
    if (lies(MOCK_QUERY_MODE))
        return EFI_SUCCESS;
    *out = calloc(1, sizeof(**out));
    mock_efi.pools_out++;
    **out = gop_info[index_of(this)];
    (*out)->HorizontalResolution = mode ? 800 : wanted->width;
    (*out)->VerticalResolution = mode ? 600 : wanted->height;
    (*out)->PixelsPerScanLine = 1;
    *bytes = sizeof(**out);
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI set_mode(EFI_GRAPHICS_OUTPUT_PROTOCOL *this, UINT32 mode)
{
    EFI_STATUS status = enter(MOCK_SET_MODE);
    unsigned i = index_of(this);

    if (status)
        return status;
    if (mode > 1)
        return EFI_UNSUPPORTED;
    if (lies(MOCK_SET_MODE))
        return EFI_SUCCESS;
    gop_mode[i].Mode = mode;
    set_info(i, mode ? 800 : mock_efi.gop[i].width, mode ? 600 : mock_efi.gop[i].height, mode ? 832 : mock_efi.gop[i].scan_line);
    return EFI_SUCCESS;
}

/* ---- protocols ---- */

static bool is_guid(const EFI_GUID *guid, EFI_GUID wanted) { return memcmp(guid, &wanted, sizeof(wanted)) == 0; }

static EFI_STATUS EFIAPI handle_protocol(EFI_HANDLE handle, EFI_GUID *guid, VOID **out)
{
    EFI_STATUS status = enter(MOCK_HANDLE_PROTOCOL);
    struct mock_efi *m = &mock_efi;

    if (status)
        return status;
    if (lies(MOCK_HANDLE_PROTOCOL))
        return *out = NULL, EFI_SUCCESS;
    if (handle == &image_handle && is_guid(guid, (EFI_GUID)EFI_LOADED_IMAGE_PROTOCOL_GUID) && !m->no_loaded_image)
        return *out = &loaded, EFI_SUCCESS;
    if (handle == &volume_handle && is_guid(guid, (EFI_GUID)EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID) && !m->no_volume)
        return *out = &volume, EFI_SUCCESS;
    for (unsigned i = 0; i < m->gops && is_guid(guid, (EFI_GUID)EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID); i++)
        if (handle == (m->gop[i].on_console ? &console_handle : &gop_handle[i]))
            return *out = &gop[i], EFI_SUCCESS;
    return EFI_UNSUPPORTED;
}

static EFI_STATUS EFIAPI locate_protocol(EFI_GUID *guid, VOID *registration, VOID **out)
{
    EFI_STATUS status = enter(MOCK_LOCATE_PROTOCOL);

    (void)registration;
    if (status)
        return status;
    if (lies(MOCK_LOCATE_PROTOCOL))
        return *out = NULL, EFI_SUCCESS;
    if (is_guid(guid, (EFI_GUID)EFI_TCG2_PROTOCOL_GUID) ? !mock_efi.tpm : !is_guid(guid, (EFI_GUID)EFI_RNG_PROTOCOL_GUID) || mock_efi.no_rng)
        return EFI_NOT_FOUND;
    *out = is_guid(guid, (EFI_GUID)EFI_TCG2_PROTOCOL_GUID) ? (void *)&tcg2 : &rng;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI locate_handle_buffer(EFI_LOCATE_SEARCH_TYPE kind, EFI_GUID *guid, VOID *search, UINTN *count,
                                              EFI_HANDLE **out)
{
    EFI_STATUS status = enter(MOCK_LOCATE_HANDLE_BUFFER);

    (void)search;
    if (status)
        return status;
    if (kind != ByProtocol || !is_guid(guid, (EFI_GUID)EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID))
        FAIL("handles of an unknown protocol are asked for");
    if (lies(MOCK_LOCATE_HANDLE_BUFFER))
        return *count = 3, *out = NULL, EFI_SUCCESS;
    if (mock_efi.gops == 0)
        return EFI_NOT_FOUND;
    *out = calloc(mock_efi.gops, sizeof(**out));
    mock_efi.pools_out++;
    for (unsigned i = 0; i < mock_efi.gops; i++)
        (*out)[i] = mock_efi.gop[i].on_console ? &console_handle : &gop_handle[i];
    *count = mock_efi.gops;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI get_rng(EFI_RNG_PROTOCOL *this, EFI_GUID *algorithm, UINTN bytes, UINT8 *to)
{
    EFI_STATUS status = enter(MOCK_GET_RNG);

    (void)this, (void)algorithm;
    if (status)
        return status;
    for (UINTN i = 0; i < bytes; i++)
        to[i] = mock_efi.rng_stuck || lies(MOCK_GET_RNG) ? 0xff : (uint8_t)(i * 37 + 11);
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI set_watchdog(UINTN seconds, UINT64 code, UINTN bytes, CHAR16 *data)
{
    EFI_STATUS status = enter(MOCK_SET_WATCHDOG);

    (void)code, (void)bytes, (void)data;
    if (seconds)
        FAIL("the watchdog is armed");
    return status;
}

/* Reads all that it would hash. The event follows the specification: its size is its own, its header that of version 1. */
static EFI_STATUS EFIAPI hash_log_extend(struct tcg2 *this, uint64_t flags, uint64_t data, uint64_t bytes, struct tcg2_event *event)
{
    EFI_STATUS status = enter(MOCK_HASH_LOG_EXTEND);
    uint32_t length = event->bytes - (uint32_t)offsetof(struct tcg2_event, text), at = mock_efi.measured++ % 4;
    volatile uint8_t sum = 0;

    (void)this;
    if (flags || bytes == 0 || event->header_bytes != 14 || event->header_version != 1 || length == 0 || length > sizeof(event->text))
        FAIL("an event of %u bytes about %lu, flags %lu", event->bytes, bytes, flags);
    for (uint64_t i = 0; i < bytes; i++)
        sum += ((const uint8_t *)(uintptr_t)data)[i];
    mock_efi.event[at].pcr = event->pcr;
    mock_efi.event[at].bytes = bytes;
    snprintf(mock_efi.event[at].text, sizeof(mock_efi.event[at].text), "%.*s", (int)length, event->text);
    return status;
}

static EFI_STATUS EFIAPI get_variable(CHAR16 *name, EFI_GUID *guid, UINT32 *attributes, UINTN *bytes, VOID *to)
{
    EFI_STATUS status = enter(MOCK_GET_VARIABLE);

    (void)guid, (void)attributes;
    if (status)
        return status;
    if (mock_efi.no_variables || name[0] != 'S' || *bytes < 1)
        return EFI_NOT_FOUND;
    *(uint8_t *)to = mock_efi.secure_boot;
    *bytes = 1;
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI output_string(SIMPLE_TEXT_OUTPUT_INTERFACE *this, CHAR16 *text)
{
    EFI_STATUS status = enter(MOCK_OUTPUT_STRING);
    size_t length = strlen(mock_efi.screen);

    (void)this;
    for (; !status && *text && length < sizeof(mock_efi.screen) - 1; text++)
        mock_efi.screen[length++] = (char)*text;
    mock_efi.screen[length] = '\0';
    return status;
}

static EFI_STATUS EFIAPI reset_system(EFI_RESET_TYPE type, EFI_STATUS status, UINTN bytes, CHAR16 *data)
{
    (void)type, (void)status, (void)bytes, (void)data;
    if (mock_efi.exits == 0 || mock_efi.exited)
        FAIL("ResetSystem called before ExitBootServices, or after it succeeded");
    mock_cpu_end(MOCK_RESET);
}

/* ---- what is linked instead of efi/embedded.c ---- */

const void *embedded_core(uint64_t *out_bytes)
{
    *out_bytes = mock_efi.core_bytes;
    return mock_efi.core;
}

void embedded_text(uint64_t *out_start, uint64_t *out_end)
{
    *out_start = IMAGE + PAGE;
    *out_end = IMAGE + PAGE + TEXT_PAGES * PAGE;
}

/* ---- setting up ---- */

static void seal(uint8_t *table, uint32_t bytes, unsigned at)
{
    uint8_t sum = 0;

    table[at] = 0;
    for (uint32_t i = 0; i < bytes; i++)
        sum += table[i];
    table[at] = (uint8_t)-sum;
}

static void put(uint8_t *at, uint64_t value, unsigned bytes) { memcpy(at, &value, bytes); }

static void make_acpi(void)
{
    memcpy(rsdp, "RSD PTR \0INGOT \2", 16);
    put(rsdp + 20, sizeof(rsdp), 4);
    put(rsdp + 24, (uintptr_t)xsdt, 8);
    seal(rsdp, 20, 8);
    memcpy(xsdt, "XSDT", 4);
    put(xsdt + 4, sizeof(xsdt), 4);
    put(xsdt + 36, (uintptr_t)madt, 8);
    put(xsdt + 44, (uintptr_t)hpet, 8);
    put(xsdt + 52, (uintptr_t)mock_efi.acpi_table[0], 8);
    put(xsdt + 60, (uintptr_t)mock_efi.acpi_table[1], 8);
    seal(xsdt, sizeof(xsdt), 9);
    memcpy(madt, "APIC", 4);
    put(madt + 4, sizeof(madt), 4);
    memcpy(madt + 44, "\0\10\0\0\1\0\0\0", 8);
    memcpy(madt + 52, "\1\14\0\0", 4);
    put(madt + 56, MOCK_IOAPIC, 4);
    seal(madt, sizeof(madt), 9);
    memcpy(hpet, "HPET", 4);
    put(hpet + 4, sizeof(hpet), 4);
    put(hpet + 44, MOCK_HPET, 8);
    seal(hpet, sizeof(hpet), 9);
}

static uint32_t crc32_of(const uint8_t *at, size_t bytes)
{
    uint32_t crc = ~0u;

    for (size_t i = 0; i < bytes; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static void map_fixed(uint64_t base, size_t bytes)
{
    void *at = mmap((void *)(uintptr_t)base, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

    if (at != (void *)(uintptr_t)base) {
        fprintf(stderr, "mock_efi: no memory at %#lx\n", base);
        exit(1);
    }
}

static bool is_frame_drawn;              /* a panic's red bar */

static void make_memory(void)
{
    static bool mapped;

    if (!mapped) {
        map_fixed(ARENA, ARENA_END - ARENA);
        map_fixed(FRAME_LOW, FRAME_BYTES);
        ASAN_POISON_MEMORY_REGION((void *)(uintptr_t)ARENA, ARENA_END - ARENA);
        mapped = true;
    }
    while (blocks)
        drop_block(blocks - 1);
    for (uint64_t at = FRAME_LOW; is_frame_drawn && at < FRAME_LOW + FRAME_BYTES; at += FRAME_BYTES / 2)
        memset((void *)(uintptr_t)at, 0, RED_BAR_BYTES_MAX);
    *(uint32_t *)FRAME_LOW = 0;
    is_frame_drawn = false;
    grown = 0;
    map_key = 1000;
}

void mock_reset(void)
{
    static const char config[] = "# words\nexit=qemu mode=800x600\r\n";

    make_memory();
    mock_cpu_reset();
    memset(&mock_efi, 0, sizeof(mock_efi));
    mock_efi.config = config;
    mock_efi.config_bytes = sizeof(config) - 1;
    mock_efi.core = mock_core(&mock_efi.core_bytes);
    mock_efi.descriptor_bytes = 48;
    mock_efi.fault_service = -1;
    mock_efi.gops = 2;                   /* as OVMF: the console's handle repeats the card's */
    mock_efi.gop[0] = (struct mock_gop){ .on_console = true, .format = PixelBlueGreenRedReserved8BitPerColor,
                                         .width = 1280, .height = 800, .scan_line = 1280, .base = FRAME_LOW };
    mock_efi.gop[1] = mock_efi.gop[0];
    mock_efi.gop[1].on_console = false;
}

static void make_system(void)
{
    struct mock_efi *m = &mock_efi;
    static CHAR16 vendor[] = L"Mock \x263a";

    boot = (EFI_BOOT_SERVICES){ .Hdr.Signature = m->broken_table == 4 ? 0 : EFI_BOOT_SERVICES_SIGNATURE,
        .AllocatePages = allocate_pages, .FreePages = free_pages, .GetMemoryMap = get_memory_map, .FreePool = free_pool,
        .HandleProtocol = handle_protocol, .LocateProtocol = locate_protocol, .LocateHandleBuffer = locate_handle_buffer, .SetWatchdogTimer = set_watchdog,
        .ExitBootServices = exit_boot_services };
    runtime = (EFI_RUNTIME_SERVICES){ .GetVariable = get_variable, .ResetSystem = (EFI_RESET_SYSTEM)(void *)reset_system };
    console = (SIMPLE_TEXT_OUTPUT_INTERFACE){ .OutputString = output_string };
    volume = (EFI_FILE_IO_INTERFACE){ .OpenVolume = open_volume };
    root_file = (EFI_FILE_PROTOCOL){ .Open = file_open, .Close = file_close, .Read = file_read, .Write = file_write, .Delete = file_delete,
                                     .GetInfo = file_info, .SetInfo = file_set_info };
    config_file = core_file = folder_file = log_file[0] = log_file[1] = root_file;
    rng = (EFI_RNG_PROTOCOL){ .GetRNG = get_rng };
    tcg2 = (struct tcg2){ .HashLogExtendEvent = hash_log_extend };
    loaded = (EFI_LOADED_IMAGE){ .DeviceHandle = &volume_handle, .LoadOptions = (void *)(uintptr_t)m->options,
                                 .LoadOptionsSize = m->options_bytes, .ImageBase = (void *)IMAGE, .ImageSize = IMAGE_PAGES * PAGE - 100 };
    tables[0] = (EFI_CONFIGURATION_TABLE){ SMBIOS3_TABLE_GUID, (void *)0x6400000 };
    tables[1] = (EFI_CONFIGURATION_TABLE){ ACPI_TABLE_GUID, rsdp };
    tables[2] = (EFI_CONFIGURATION_TABLE){ ACPI_20_TABLE_GUID, rsdp };
    system_table = (EFI_SYSTEM_TABLE){
        .Hdr = { .Signature = EFI_SYSTEM_TABLE_SIGNATURE, .Revision = 0x20046, .HeaderSize = sizeof(system_table) },
        .FirmwareVendor = vendor, .FirmwareRevision = 0x10000, .ConsoleOutHandle = m->no_console ? NULL : &console_handle,
        .ConOut = m->no_console ? NULL : &console, .RuntimeServices = m->no_runtime ? NULL : &runtime, .BootServices = &boot,
        .NumberOfTableEntries = m->no_acpi ? 1 : m->acpi_1_only ? 2 : 3, .ConfigurationTable = tables };
    if (m->broken_table == 1)
        system_table.Hdr.Signature++;
    if (m->broken_table == 3)
        system_table.Hdr.Revision = 0x1000a;
    system_table.Hdr.CRC32 = crc32_of((uint8_t *)&system_table, sizeof(system_table)) + (m->broken_table == 2);
}

static void make_gops(void)
{
    for (unsigned i = 0; i < mock_efi.gops; i++) {
        const struct mock_gop *wanted = &mock_efi.gop[i];

        gop[i] = (EFI_GRAPHICS_OUTPUT_PROTOCOL){ query_mode, set_mode, NULL, &gop_mode[i] };
        gop_info[i] = (EFI_GRAPHICS_OUTPUT_MODE_INFORMATION){ 0 };
        gop_mode[i] = (EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE){ .MaxMode = 2, .Mode = wanted->no_mode ? ~0u : 0 };
        if (!wanted->no_mode)
            set_info(i, wanted->width, wanted->height, wanted->scan_line);
        if (wanted->base == FRAME_LOW)
            *(uint32_t *)FRAME_LOW = wanted->screen_lit ? 0x00808080 : 0xff000000;
    }
}

enum mock_end mock_boot(void)
{
    jmp_buf end;
    int how;

    make_acpi();
    make_system();
    make_gops();
    add_block(IMAGE, IMAGE_PAGES, EfiLoaderCode, true);
    if (mock_efi.wanted_taken)
        add_block(ARENA + PAGE, 1, EfiBootServicesData, true);
    recorder_close();                    /* a loader that starts has none yet */
    mock_cpu.end = &end;
    how = setjmp(end);
    if (how == 0)
        mock_efi.status = efi_main(&image_handle, &system_table);
    is_frame_drawn = how == MOCK_RESET || how == MOCK_HALTED;
    return (enum mock_end)how;
}

/* ---- checking ---- */

static unsigned count_of(const char *text, const char *part)
{
    unsigned count = 0;

    for (; (text = strstr(text, part)) != NULL; text++)
        count++;
    return count;
}

static bool usable(uint32_t type)
{
    return type <= HANDOFF_MEMORY_LOADER || type == HANDOFF_MEMORY_CORE || type == HANDOFF_MEMORY_RECORDER;
}

static bool firmware_usable(const EFI_MEMORY_DESCRIPTOR *entry)
{
    uint64_t attributes = entry->Attribute;

    if (attributes & (EFI_MEMORY_RUNTIME | EFI_MEMORY_SPECIFIC_PURPOSE) || !(attributes & EFI_MEMORY_WB))
        return false;
    return entry->Type >= EfiLoaderCode && entry->Type <= EfiConventionalMemory && entry->Type != EfiRuntimeServicesCode &&
           entry->Type != EfiRuntimeServicesData;
}

/* The first region that ends behind start; they are sorted. */
static uint32_t first_behind(const struct handoff_memory_map *got, uint64_t start)
{
    uint32_t low = 0, high = got->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (got->region[middle].end > start)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static uint32_t type_at(const struct handoff_memory_map *got, uint64_t address)
{
    for (uint32_t r = 0; r < got->count; r++)
        if (address >= got->region[r].start && address < got->region[r].end)
            return got->region[r].type;
    return 0;
}

/* Nothing that the firmware keeps is in a range that the core may use, and what it gives is there somewhere. */
static void check_map(const struct handoff_memory_map *got)
{
    for (uint32_t i = 0; i < map_count; i++) {
        uint64_t start = map[i].PhysicalStart, end = start + map[i].NumberOfPages * PAGE, covered = 0;

        if (map[i].NumberOfPages > (UINT64_MAX - start) / PAGE) {
            if (start > ARENA_END && type_at(got, start))
                FAIL("%#lx of a range that runs past the end of all addresses is there", start);
            continue;
        }
        if (end <= start)
            continue;
        for (uint32_t r = first_behind(got, start); r < got->count && got->region[r].start < end; r++) {
            const struct handoff_region *region = &got->region[r];
            uint64_t from = region->start > start ? region->start : start, to = region->end < end ? region->end : end;

            if (from >= to)
                continue;
            covered += to - from;
            if (usable(region->type) && !firmware_usable(&map[i]))
                FAIL("%#lx-%#lx of type %u may be used, but the firmware's type is %#x", region->start, region->end, region->type,
                     map[i].Type);
        }
        if (covered != end - start && !(mock_efi.map_faults & MAP_FAULT_UNALIGNED))
            FAIL("%#lx-%#lx of firmware type %#x is not covered: %#lx bytes are", start, end, map[i].Type, covered);
    }
}

enum { P = 1, W = 2, UC = 0x18, WC = 0x80 };
#define NX (mock_cpu.no_nx ? 0 : 1ull << 63)

static void check_page(uint64_t address, uint64_t rights, const char *what)
{
    uint64_t entry = mock_walk(mock_cpu.root, address);

    if (rights == 0 ? entry != 0 : (entry & ~0x60ull) != ((address & ~0xfffull) | rights))
        FAIL("%s at %#lx is mapped as %#lx, not with %#lx", what, address, entry, rights);
}

static void check_tables(const struct handoff_view *view)
{
    const struct handoff_image *image = view->image;

    check_page(0, 0, "page 0");
    check_page(0xfff, 0, "page 0");
    check_page(image->stack_base - PAGE, 0, "the stack's guard");
    check_page(image->stack_base, P | W | NX, "the stack");
    check_page(image->stack_base + image->stack_bytes - 1, P | W | NX, "the stack");
    check_page(image->tables_base, P | W | NX, "the page tables");
    check_page((uintptr_t)mock_cpu.handoff, P | W | NX, "the handoff");
    check_page(IMAGE, P | W | NX, "the loader's head");
    check_page(IMAGE + PAGE, P, "the loader's text");
    check_page(IMAGE + PAGE + TEXT_PAGES * PAGE, P | W | NX, "the loader's data");
    check_page(MOCK_LAPIC, P | W | UC | NX, "the local APIC");
    check_page(0xffffffff, P | W | UC | NX, "the end of 4 GiB");
    check_page(0xa0000, P | W | UC | NX, "the VGA window");
    for (uint32_t r = 0; r < view->map->count; r++) {
        const struct handoff_region *region = &view->map->region[r];

        if (!usable(region->type) || region->type == HANDOFF_MEMORY_CORE || region->type == HANDOFF_MEMORY_LOADER)
            continue;
        check_page(region->start, P | W | NX, "the start of memory");
        check_page(region->end - 1, P | W | NX, "the end of memory");
    }
    for (uint32_t i = 0; i < view->framebuffers; i++) {
        check_page(view->framebuffer[i]->base, P | W | WC | NX, "a framebuffer");
        check_page(view->framebuffer[i]->base + view->framebuffer[i]->bytes - 1, P | W | WC | NX, "a framebuffer");
    }
}

/* The good core's segments, when it is the one. */
static void check_core(const struct handoff_view *view)
{
    const struct handoff_image *image = view->image;
    uint64_t good_bytes, moved_by = image->base - image->preferred_base;
    const uint64_t *data = (const uint64_t *)(image->base + 0x2000);

    if (mock_efi.core != mock_core(&good_bytes) || mock_efi.core_bytes != good_bytes)
        return;
    check_page(image->base, P, "the core's text");
    check_page(image->base + PAGE, P | NX, "the core's constants");
    check_page(image->base + 2 * PAGE, P | W | NX, "the core's data");
    check_page(image->base + 6 * PAGE, P | W | NX, "the core's .bss");
    assert_int_equal(image->entry, image->base + 16);
    assert_int_equal(data[1], ARENA + 4 + moved_by);
    assert_int_equal(data[3], ARENA + 12 + moved_by);
    assert_memory_equal((const void *)image->base, "\xcc\xcc\xcc\xcc", 4);
}

static void check_quiet(void)
{
    const struct mock_cpu *cpu = &mock_cpu;

    assert_true(cpu->interrupts_off);
    assert_int_equal(cpu->pic[0], 0xff);
    assert_int_equal(cpu->pic[1], 0xff);
    assert_true(cpu->no_apic || (cpu->lvt_timer & 1u << 16 && cpu->timer_initial == 0));
    for (unsigned i = 0; i < MOCK_IOAPIC_ENTRIES && !mock_efi.no_acpi; i++)
        assert_true(cpu->ioapic[i] & 1u << 16);
}

static void check_started(void)
{
    struct handoff_view view;
    char why[256];

    if (!mock_efi.exited)
        FAIL("the core was started, but the firmware is still there");
    if (handoff_check((struct handoff *)(uintptr_t)mock_cpu.handoff, &view, why, sizeof(why)))
        FAIL("the core would refuse the handoff: %s", why);
    check_map(view.map);
    check_tables(&view);
    check_core(&view);
    check_quiet();
    assert_int_equal(mock_cpu.stack_end, view.image->stack_base + view.image->stack_bytes);
    assert_int_equal(mock_cpu.entry, view.image->entry);
    assert_int_equal(type_at(view.map, 0), HANDOFF_MEMORY_RESERVED);
    assert_int_equal(type_at(view.map, view.image->base), HANDOFF_MEMORY_CORE);
    assert_int_equal(type_at(view.map, view.image->stack_base - PAGE), HANDOFF_MEMORY_CORE);
    assert_int_equal(type_at(view.map, view.image->tables_base), HANDOFF_MEMORY_CORE);
    if (view.recorder)
        assert_int_equal(type_at(view.map, view.recorder->base), HANDOFF_MEMORY_RECORDER);
    assert_int_equal(type_at(view.map, (uintptr_t)mock_cpu.handoff), HANDOFF_MEMORY_LOADER);
    assert_int_equal(count_of(view.loader_log, "REFUSED") + count_of(view.loader_log, "PANIC"), 0);
    if (strstr(view.loader_log, "jumping to 0x") == NULL)
        FAIL("the log does not end with the jump");
    assert_int_equal(view.firmware->exit_tries, mock_efi.exits);
    if (!view.last_run)
        assert_string_equal(mock_efi.screen, "");
}

static bool anybody_listens(void)
{
    return !mock_efi.serial_off && mock_cpu.uart[0].present && !mock_cpu.uart[0].stuck && !mock_cpu.uart[0].no_scratch && !mock_cpu.uart[0].no_loopback;
}

void mock_check(enum mock_end end)
{
    const struct mock_efi *m = &mock_efi;

    if (end == MOCK_JUMPED) {
        check_started();
    } else if (end == MOCK_RETURNED) {
        if (m->exits)
            FAIL("the loader returned after it had called ExitBootServices");
        if (!EFI_ERROR(m->status))
            FAIL("the loader returned %#lx, which is no error", m->status);
        if (m->pages_out || m->pools_out || m->files_out)
            FAIL("leaked: %lu pages, %lu pools, %lu files", m->pages_out, m->pools_out, m->files_out);
        if (anybody_listens() && count_of(mock_cpu.text, "REFUSED ") != 1)
            FAIL("%u REFUSED lines", count_of(mock_cpu.text, "REFUSED "));
    } else {
        if (m->exits == 0)
            FAIL("the loader gave up without a way back before ExitBootServices");
        if (anybody_listens() && count_of(mock_cpu.text, "PANIC ") != 1)
            FAIL("%u PANIC lines", count_of(mock_cpu.text, "PANIC "));
    }
}
