/* The page tables, for people. */
#include "core/x86_64/paging.h"

#include <ingot/memory.h>

struct question {
    uint64_t address;
    bool found;
    struct page_run run;
};

static void look(void *context, const struct page_run *run)
{
    struct question *question = context;

    if (question->found || run->address + run->count * run->page_bytes <= question->address)
        return;
    question->found = true;
    question->run = *run;
}

static const char *caching(enum page_cache cache)
{
    return cache == PAGE_WB ? "write-back" : cache == PAGE_UC ? "uncached" : "write-combining";
}

bool mem_mapping(uint64_t address, struct mem_mapping *out_mapping)
{
    static const char *const rights[] = { "none", "read", "read-write", "read-execute" };
    struct question question = { .address = address };
    struct page_use use;

    paging_walk(look, &question);
    if (!question.found)
        return false;
    use = page_entry_use(question.run.entry, question.run.page_bytes);
    *out_mapping = (struct mem_mapping){
        question.run.address, question.run.address + question.run.count * question.run.page_bytes, question.run.page_bytes,
        rights[use.rights], caching(use.cache),
    };
    return true;
}
