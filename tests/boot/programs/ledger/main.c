/* Reads bookings, adds them up by account and month in cents, and writes a report to a file, which it then reads back. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ACCOUNTS_MAX = 32, NAME_BYTES = 24, MONTHS = 12 };

struct account {
    char name[NAME_BYTES];
    int64_t cents[MONTHS];
    unsigned bookings;
};

struct ledger {
    struct account account[ACCOUNTS_MAX];
    size_t accounts;
    unsigned lines, bad;
    time_t first, last;
};

/* "-12.34" in cents, exactly. */
static int parse_cents(const char *text, int64_t *cents)
{
    char *end;
    int negative = *text == '-';
    long long whole = strtoll(text, &end, 10);
    int part = 0, digits = 0;

    if (end == text)
        return -1;
    if (*end == '.')
        for (end++; *end >= '0' && *end <= '9' && digits < 2; end++, digits++)
            part = part * 10 + (*end - '0');
    if (digits == 1)
        part *= 10;
    if (*end != '\0')
        return -1;
    *cents = whole * 100 + (negative ? -part : part);
    return 0;
}

static struct account *account_of(struct ledger *ledger, const char *name)
{
    struct account *account = ledger->account;

    for (; account < ledger->account + ledger->accounts; account++)
        if (strcmp(account->name, name) == 0)
            return account;
    if (ledger->accounts == ACCOUNTS_MAX)
        return NULL;
    snprintf(account->name, sizeof(account->name), "%s", name);
    ledger->accounts++;
    return account;
}

static time_t day_of(int year, int month, int day)
{
    struct tm tm = { 0 };

    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    tm.tm_hour = 12;
    return mktime(&tm);
}

static int book(struct ledger *ledger, char *line)
{
    int year, month, day;
    int64_t cents;
    char *date = strtok(line, ";"), *name = strtok(NULL, ";"), *amount = strtok(NULL, ";\r\n");
    struct account *account;
    time_t when;

    if (!date || !name || !amount || sscanf(date, "%d-%d-%d", &year, &month, &day) != 3)
        return -1;
    if (month < 1 || month > MONTHS || parse_cents(amount, &cents) != 0)
        return -1;
    account = account_of(ledger, name);
    if (!account)
        return -1;
    account->cents[month - 1] += cents;
    account->bookings++;
    when = day_of(year, month, day);
    if (ledger->first == 0 || when < ledger->first)
        ledger->first = when;
    if (when > ledger->last)
        ledger->last = when;
    return 0;
}

static int read_bookings(struct ledger *ledger, const char *name)
{
    char line[200];
    FILE *file = fopen(name, "r");

    if (!file)
        return -1;
    while (fgets(line, sizeof(line), file)) {
        ledger->lines++;
        if (book(ledger, line) != 0) {
            ledger->bad++;
            fprintf(stdout, "line %u is left out\n", ledger->lines);
        }
    }
    fclose(file);
    return 0;
}

static int64_t total(const struct account *account)
{
    int64_t sum = 0;

    for (int month = 0; month < MONTHS; month++)
        sum += account->cents[month];
    return sum;
}

static int by_total(const void *a, const void *b)
{
    int64_t left = total(a), right = total(b);

    return left == right ? strcmp(((const struct account *)a)->name, ((const struct account *)b)->name) : left < right ? 1 : -1;
}

static const char *money(int64_t cents, char *text, size_t bytes)
{
    snprintf(text, bytes, "%s%" PRId64 ".%02" PRId64, cents < 0 ? "-" : "", cents < 0 ? -(cents / 100) : cents / 100,
             cents < 0 ? -(cents % 100) : cents % 100);
    return text;
}

static void write_report(const struct ledger *ledger, FILE *to)
{
    char amount[32], share[32];
    int64_t in = 0, out = 0;

    for (size_t i = 0; i < ledger->accounts; i++) {
        const struct account *account = &ledger->account[i];

        if (total(account) > 0)
            in += total(account);
        else
            out += total(account);
    }
    for (size_t i = 0; i < ledger->accounts; i++) {
        const struct account *account = &ledger->account[i];
        double part = 100.0 * (double)total(account) / (double)(total(account) > 0 ? in : out);

        snprintf(share, sizeof(share), "%.1f%%", part);
        fprintf(to, "%-12.12s|%12s|%7s|%3u|", account->name, money(total(account), amount, sizeof(amount)), share, account->bookings);
        for (int month = 0; month < MONTHS; month++)
            fputc(account->cents[month] == 0 ? '.' : account->cents[month] > 0 ? '+' : '-', to);
        fputc('\n', to);
    }
    fprintf(to, "%-12s|%12s\n", "in", money(in, amount, sizeof(amount)));
    fprintf(to, "%-12s|%12s\n", "out", money(out, amount, sizeof(amount)));
    fprintf(to, "%-12s|%12s\n", "left", money(in + out, amount, sizeof(amount)));
}

static void show_span(const struct ledger *ledger)
{
    char first[64], last[64];

    strftime(first, sizeof(first), "%A, %d %B %Y", gmtime(&ledger->first));
    strftime(last, sizeof(last), "%a %e.%m.%y, day %j, week %V", gmtime(&ledger->last));
    printf("from %s to %s: %.0f days\n", first, last, difftime(ledger->last, ledger->first) / 86400);
}

int main(void)
{
    static struct ledger ledger;
    char line[128];
    FILE *report;
    long bytes;

    if (read_bookings(&ledger, "data/bookings.csv") != 0) {
        perror("data/bookings.csv");
        return EXIT_FAILURE;
    }
    show_span(&ledger);
    qsort(ledger.account, ledger.accounts, sizeof(ledger.account[0]), by_total);
    report = fopen("report.txt", "w+");
    if (!report) {
        perror("report.txt");
        return EXIT_FAILURE;
    }
    write_report(&ledger, report);
    bytes = ftell(report);
    rewind(report);
    for (int number = 1; fgets(line, sizeof(line), report); number++)
        printf("%02d %s", number, line);
    fclose(report);
    printf("%u lines, %u left out, %ld bytes of report\n", ledger.lines, ledger.bad, bytes);
    return remove("report.txt") == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
