/* Lines of the protocol: a word and its key=value pairs, percent-encoded. */

#define MAX_LINE 65536
#define MAX_ADDRESS 64

struct pair {
    char *key;
    /* As received, for lists. */
    char *raw;
    char *value;
    size_t len;
};

struct line {
    char *memory;
    char *word;
    struct pair *pairs;
    size_t count;
};

static void free_line(struct line *l)
{
    free(l->memory);
    free(l->pairs);
    memset(l, 0, sizeof *l);
}

static int word_byte(char b)
{
    return (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '_' || b == '-';
}

static int hex_digit(char b)
{
    if (b >= '0' && b <= '9')
        return b - '0';
    if (b >= 'a' && b <= 'f')
        return b - 'a' + 10;
    if (b >= 'A' && b <= 'F')
        return b - 'A' + 10;
    return -1;
}

/* Decodes up to a null byte or `end`; returns the length, or (size_t)-1. */
static size_t decode(char *to, const char *from, const char *end)
{
    char *start = to;
    while (from != end) {
        if (*from == '%') {
            int high = end - from > 2 ? hex_digit(from[1]) : -1, low = high < 0 ? -1 : hex_digit(from[2]);
            if (low < 0)
                return (size_t)-1;
            *to++ = (char)(high * 16 + low);
            from += 3;
        } else if (*from < 0x21 || *from > 0x7e) {
            return (size_t)-1;
        } else {
            *to++ = *from++;
        }
    }
    *to = 0;
    return (size_t)(to - start);
}

/* Parses a line without its line feed; returns NULL, or why it is malformed. */
static const char *parse_line(struct line *l, const char *bytes, size_t n)
{
    static const char bad_word[] = "a line begins with a word of a-z, 0-9, _ or -";
    char *at, *end, *spare;
    size_t room = 0, i;
    memset(l, 0, sizeof *l);
    if (n > MAX_LINE)
        return "a line of more than 65536 bytes";
    /* Each value is stored once as received and once decoded, which is never longer. */
    l->memory = more(NULL, 2 * n + 4);
    memcpy(l->memory, bytes, n);
    at = l->memory;
    end = at + n;
    *end = 0;
    spare = end + 1;
    if (memchr(at, 0, n) != NULL)
        return bad_word;
    while (*at == ' ')
        at++;
    l->word = at;
    while (word_byte(*at))
        at++;
    if (at == l->word || (*at != ' ' && *at != 0))
        return bad_word;
    while (at < end) {
        struct pair *p;
        char *next, *equals;
        *at++ = 0;
        if (*at == ' ' || *at == 0)
            continue;
        next = strchr(at, ' ');
        if (next == NULL)
            next = end;
        equals = memchr(at, '=', (size_t)(next - at));
        if (equals == NULL || equals == at)
            return "a pair is not key=value";
        if (l->count == room) {
            room = room * 2 + 16;
            l->pairs = more(l->pairs, room * sizeof *l->pairs);
        }
        p = &l->pairs[l->count];
        p->key = at;
        for (; at < equals; at++)
            if (!word_byte(*at) && *at != '.')
                return "a pair is not key=value";
        *equals = 0;
        p->raw = equals + 1;
        p->value = spare;
        p->len = decode(spare, p->raw, next);
        if (p->len == (size_t)-1)
            return "a value is not percent-encoded";
        spare += p->len + 1;
        for (i = 0; i < l->count; i++)
            if (same(l->pairs[i].key, p->key))
                return "a key appears twice";
        l->count++;
        at = next;
    }
    return NULL;
}

static const struct pair *pair_of(const struct line *l, const char *key)
{
    size_t i;
    for (i = 0; i < l->count; i++)
        if (same(l->pairs[i].key, key))
            return &l->pairs[i];
    return NULL;
}

/* The value of a key, or NULL. A value is cut at a null byte. */
static const char *get(const struct line *l, const char *key)
{
    const struct pair *p = pair_of(l, key);
    return p != NULL ? p->value : NULL;
}

static int is_yes(const struct line *l, const char *key)
{
    const char *value = get(l, key);
    return value != NULL && same(value, "yes");
}

/* The id of a request or reply, or -1. */
static long long id_of(const struct line *l)
{
    const char *value = get(l, "id");
    long long id;
    return value != NULL && parse_number(value, &id) && id >= 0 ? id : -1;
}

/* The items of a list, with NULL after the last; *bad if one contains a null byte. To be freed with free_list. */
static char **list_of(const struct line *l, const char *key, size_t *count, int *bad)
{
    const struct pair *p = pair_of(l, key);
    const char *from = p != NULL ? p->raw : "";
    char **items = more(NULL, sizeof *items);
    size_t n = 0;
    *bad = 0;
    while (*from != 0) {
        const char *end = strchr(from, ',');
        size_t len;
        if (end == NULL)
            end = from + strlen(from);
        items = more(items, (n + 2) * sizeof *items);
        items[n] = more(NULL, (size_t)(end - from) + 1);
        len = decode(items[n], from, end);
        *bad |= len == (size_t)-1 || memchr(items[n], 0, len) != NULL;
        n++;
        if (*end == 0)
            break;
        from = end + 1;
        if (*from == 0) {
            items = more(items, (n + 2) * sizeof *items);
            items[n++] = copy_of("");
        }
    }
    items[n] = NULL;
    *count = n;
    return items;
}

static void free_list(char **items)
{
    size_t i;
    for (i = 0; items != NULL && items[i] != NULL; i++)
        free(items[i]);
    free(items);
}

/* A byte stream split into lines. */
struct lines {
    struct text text;
    size_t start;
};

static void push(struct lines *l, const char *bytes, size_t n)
{
    drop_first(&l->text, l->start);
    l->start = 0;
    add_bytes(&l->text, bytes, n);
}

/* The next line, valid until the next push: 1, 0 if there is none yet, -1 if it is too long. */
static int next_line(struct lines *l, char **line, size_t *n)
{
    char *from = l->text.at + l->start, *end;
    size_t left = l->text.len - l->start;
    if (left == 0)
        return 0;
    end = memchr(from, '\n', left);
    if (end == NULL && left <= MAX_LINE + MAX_ADDRESS)
        return 0;
    if (end == NULL || (size_t)(end - from) > MAX_LINE + MAX_ADDRESS) {
        l->text.len = l->start = 0;
        return -1;
    }
    *line = from;
    *n = (size_t)(end - from);
    l->start += *n + 1;
    return 1;
}

static void free_lines(struct lines *l)
{
    free(l->text.at);
    memset(l, 0, sizeof *l);
}
