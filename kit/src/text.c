/* Growing text, of which lines are made. */

struct text {
    char *at;
    size_t len, room;
};

/* Cleanup whenever this program gives up. */
static void (*at_the_end)(void);

static void out_of_memory(void) NORETURN;
static void out_of_memory(void)
{
    if (at_the_end != NULL)
        at_the_end();
    static const char why[] = "waitspec-c: out of memory\n";
    if (write(2, why, sizeof why - 1) < 0)
        _exit(72);
    _exit(72);
}

static void *more(void *old, size_t size)
{
    void *at = realloc(old, size != 0 ? size : 1);
    if (at == NULL)
        out_of_memory();
    return at;
}

static char *copy_of(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(more(NULL, size), text, size);
}

static void add_bytes(struct text *t, const char *bytes, size_t n)
{
    if (t->len + n + 1 > t->room) {
        t->room = (t->len + n + 1) * 2;
        t->at = more(t->at, t->room);
    }
    if (n != 0)
        memcpy(t->at + t->len, bytes, n);
    t->len += n;
    t->at[t->len] = 0;
}

static void add(struct text *t, const char *text)
{
    add_bytes(t, text, strlen(text));
}

/* Removes its first bytes. */
static void drop_first(struct text *t, size_t n)
{
    if (n == 0)
        return;
    memmove(t->at, t->at + n, t->len - n);
    t->len -= n;
    t->at[t->len] = 0;
}

static void clear(struct text *t)
{
    t->len = 0;
    add_bytes(t, "", 0);
}

static void add_number(struct text *t, long long n)
{
    char digits[24];
    size_t at = sizeof digits;
    unsigned long long rest = n < 0 ? 0ULL - (unsigned long long)n : (unsigned long long)n;
    do
        digits[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (n < 0)
        digits[--at] = '-';
    add_bytes(t, digits + at, sizeof digits - at);
}

/* As C's "%#06x": a status word. */
static void add_word(struct text *t, unsigned n)
{
    char digits[10];
    size_t at = sizeof digits;
    int left = 4;
    do
        digits[--at] = "0123456789abcdef"[n & 15];
    while (--left, (n >>= 4) != 0 || left > 0);
    digits[--at] = 'x';
    digits[--at] = '0';
    add_bytes(t, digits + at, sizeof digits - at);
}

static void add_encoded(struct text *t, const char *value, size_t n)
{
    size_t i;
    for (i = 0; i < n; i++) {
        unsigned char b = (unsigned char)value[i];
        if (b >= 0x21 && b <= 0x7e && b != '%' && b != ',') {
            add_bytes(t, value + i, 1);
        } else {
            char hex[3];
            hex[0] = '%';
            hex[1] = "0123456789ABCDEF"[b >> 4];
            hex[2] = "0123456789ABCDEF"[b & 15];
            add_bytes(t, hex, 3);
        }
    }
}

static void put_key(struct text *t, const char *key)
{
    add(t, " ");
    add(t, key);
    add(t, "=");
}

static void put(struct text *t, const char *key, const char *value)
{
    put_key(t, key);
    add_encoded(t, value, strlen(value));
}

static void put_number(struct text *t, const char *key, long long n)
{
    put_key(t, key);
    add_number(t, n);
}

static void put_status(struct text *t, const char *key, int status)
{
    put_key(t, key);
    add_word(t, (unsigned)status);
}

/* Adds an item to the list at the end of the text. */
static void put_item(struct text *t, const char *item)
{
    if (t->len != 0 && t->at[t->len - 1] != '=')
        add(t, ",");
    add_encoded(t, item, strlen(item));
}

static int same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static int starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* A decimal or 0x number with an optional minus sign, in 64 bits; returns whether it is one. */
static int parse_number(const char *text, long long *number)
{
    unsigned long long value = 0, base = 10, most;
    int minus = *text == '-', digits = 0;
    text += minus;
    most = (unsigned long long)LLONG_MAX + (unsigned)minus;
    if (text[0] == '0' && text[1] == 'x') {
        base = 16;
        text += 2;
    }
    for (; *text != 0; text++, digits++) {
        unsigned digit;
        if (*text >= '0' && *text <= '9')
            digit = (unsigned)(*text - '0');
        else if (base == 16 && *text >= 'a' && *text <= 'f')
            digit = (unsigned)(*text - 'a' + 10);
        else if (base == 16 && *text >= 'A' && *text <= 'F')
            digit = (unsigned)(*text - 'A' + 10);
        else
            return 0;
        if (value > (most - digit) / base)
            return 0;
        value = value * base + digit;
    }
    if (digits == 0)
        return 0;
    *number = minus ? (long long)(0ULL - value) : (long long)value;
    return 1;
}

/* The C library's name. */
#if defined(__dietlibc__)
#define C_LIBRARY "dietlibc"
#elif defined(__KLIBC__)
#define C_LIBRARY "klibc"
#elif defined(__GLIBC__)
#define QUOTED(n) #n
#define VERSION_OF(major, minor) "glibc " QUOTED(major) "." QUOTED(minor)
#define C_LIBRARY VERSION_OF(__GLIBC__, __GLIBC_MINOR__)
#elif defined(__linux__)
#define C_LIBRARY "musl"
#else
#define C_LIBRARY WAITSPEC_OS
#endif
