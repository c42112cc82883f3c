/* What a framed stream has come to; frame.c says how it looks. */

#define FRAME_MOST 200
/* What stands before the text: "@W ffffffff 12345678 . ". */
#define FRAME_HEAD 24
#define HELLO_US 1000000

static struct {
    int on, heard;
    unsigned sent, received;
    struct lines lines;
    struct text line;
    long long hello_at;
} frames;

/* Until the driver was heard it cannot know that anybody is here. */
static int waits_to_be_heard(void)
{
    return frames.on && !frames.heard;
}
