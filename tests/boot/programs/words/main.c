/* Counts the words of a text: a hash table, sorting, and a table of lengths. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 61
#define WORD_MAX 40

struct word {
    char *text;
    unsigned count;
    unsigned first_line;
    struct word *next;
};

struct table {
    struct word *bucket[BUCKETS];
    size_t words;
    size_t all;
};

static unsigned hash(const char *text)
{
    unsigned value = 5381;

    while (*text)
        value = value * 33 ^ (unsigned char)*text++;
    return value;
}

static struct word *find(const struct table *table, const char *text)
{
    struct word *word = table->bucket[hash(text) % BUCKETS];

    while (word && strcmp(word->text, text) != 0)
        word = word->next;
    return word;
}

static bool add(struct table *table, const char *text, unsigned line)
{
    struct word *word = find(table, text);

    table->all++;
    if (word) {
        word->count++;
        return true;
    }
    word = malloc(sizeof(*word));
    if (!word)
        return false;
    word->text = strdup(text);
    if (!word->text) {
        free(word);
        return false;
    }
    word->count = 1;
    word->first_line = line;
    word->next = table->bucket[hash(text) % BUCKETS];
    table->bucket[hash(text) % BUCKETS] = word;
    table->words++;
    return true;
}

static bool read_words(FILE *file, struct table *table)
{
    char word[WORD_MAX + 1];
    size_t used = 0;
    unsigned line = 1;
    int c;

    do {
        c = fgetc(file);
        if (c != EOF && (isalpha(c) || (c == '\'' && used > 0))) {
            if (used < WORD_MAX)
                word[used++] = (char)tolower(c);
            continue;
        }
        while (used > 0 && word[used - 1] == '\'')
            used--;
        if (used > 0) {
            word[used] = '\0';
            if (!add(table, word, line))
                return false;
            used = 0;
        }
        if (c == '\n')
            line++;
    } while (c != EOF);
    return !ferror(file);
}

static int by_count(const void *a, const void *b)
{
    const struct word *left = *(struct word *const *)a, *right = *(struct word *const *)b;

    if (left->count != right->count)
        return left->count < right->count ? 1 : -1;
    return strcmp(left->text, right->text);
}

static int by_text(const void *a, const void *b)
{
    const struct word *left = *(struct word *const *)a, *right = *(struct word *const *)b;

    return strcmp(left->text, right->text);
}

static struct word **list(const struct table *table)
{
    struct word **all = malloc(table->words * sizeof(*all));
    size_t used = 0;

    if (!all)
        return NULL;
    for (int i = 0; i < BUCKETS; i++)
        for (struct word *word = table->bucket[i]; word; word = word->next)
            all[used++] = word;
    return all;
}

static void show_most(struct word **all, size_t words, size_t most)
{
    qsort(all, words, sizeof(*all), by_count);
    printf("%-4s %-12s %5s %6s\n", "rank", "word", "count", "line");
    for (size_t i = 0; i < words && i < most; i++)
        printf("%4zu %-12s %5u %6u\n", i + 1, all[i]->text, all[i]->count, all[i]->first_line);
}

static void show_lengths(struct word **all, size_t words)
{
    unsigned lengths[WORD_MAX + 1] = { 0 };
    double sum = 0, squares = 0;

    for (size_t i = 0; i < words; i++) {
        size_t length = strlen(all[i]->text);

        lengths[length] += all[i]->count;
        sum += (double)length;
        squares += (double)(length * length);
    }
    for (int length = 1; length <= WORD_MAX; length++)
        if (lengths[length] > 0) {
            printf("%2d letters: ", length);
            for (unsigned i = 0; i < lengths[length]; i++)
                putchar('*');
            printf(" %u\n", lengths[length]);
        }
    printf("mean %.4f, variance %.6f\n", sum / (double)words, squares / (double)words - sum / (double)words * (sum / (double)words));
}

static void show_letters(struct word **all, size_t words)
{
    char letter = '\0';

    qsort(all, words, sizeof(*all), by_text);
    for (size_t i = 0; i < words; i++) {
        if (all[i]->text[0] != letter) {
            letter = all[i]->text[0];
            printf("%s%c:", i ? "\n" : "", toupper((unsigned char)letter));
        }
        printf(" %s", all[i]->text);
    }
    putchar('\n');
}

static void release(struct table *table, struct word **all)
{
    for (size_t i = 0; i < table->words; i++) {
        free(all[i]->text);
        free(all[i]);
    }
    free(all);
}

int main(int argc, char *argv[])
{
    const char *name = argc > 1 ? argv[1] : "data/text.txt";
    struct table table = { { NULL }, 0, 0 };
    struct word **all;
    FILE *file = fopen(name, "r");

    if (!file) {
        fprintf(stderr, "%s: %s\n", name, strerror(errno));
        return EXIT_FAILURE;
    }
    if (!read_words(file, &table)) {
        perror(name);
        return EXIT_FAILURE;
    }
    fclose(file);
    all = list(&table);
    if (!all || table.words == 0) {
        fputs("no words, or no memory for them\n", stderr);
        return EXIT_FAILURE;
    }
    printf("%zu words, %zu different ones\n", table.all, table.words);
    show_most(all, table.words, 12);
    show_lengths(all, table.words);
    show_letters(all, table.words);
    release(&table, all);
    return EXIT_SUCCESS;
}
