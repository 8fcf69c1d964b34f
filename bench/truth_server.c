/* A server whose answer times are known: it answers every request DELAY microseconds after it has read it.
 *
 *   truth_server DELAY [BODY]   with this body, or {}; prints "port priority", then obeys its standard input, line by line:
 *     stall AFTER SECONDS   so long after the next request take requests, and answer none; prints "ok"
 *     take PATH             write what was recorded since the last time, and forget it; prints how many
 *
 * A record is two doubles, CLOCK_MONOTONIC seconds: when a request had been read, and when its answer had
 * been handed to the kernel. It ends when its standard input does. One thread, one timer, no allocation while
 * it serves; the highest priority permitted, so that a burning machine delays its clients and not itself.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 65536, MOST_WAITING = 1 << 20, MOST_RECORDS = 1 << 23, EVENTS = 512 };

typedef struct { double arrived, answered; } Record;
typedef struct { double due, arrived; int fd; uint32_t birth; } Waiting;

static const char HEAD[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s";
static char answer_bytes[65536];
static size_t answer_length;
static Record *records;
static size_t recorded;
static Waiting *waiting; /* a ring: every delay is the same, so the first that came is the first due */
static size_t first, end;
static uint8_t matched[MOST_CONNECTIONS]; /* by descriptor: how much of the blank line has been read */
static uint32_t births[MOST_CONNECTIONS]; /* by descriptor: an answer must not go to its successor */
static double delay, stalled_from, stalled_until;
static double stall_after, stall_length; /* ordered, and not begun */
static int epoll, timer, listener;

static void die(const char *what) { perror(what); exit(1); }

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void watch(int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
}

static void arm(void) {
    double due = waiting[first % MOST_WAITING].due;
    struct itimerspec setting = {.it_value = {(time_t)due, (long)((due - (double)(time_t)due) * 1e9)}};
    if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &setting, NULL) < 0) die("timerfd_settime");
}

static void answer(Waiting *one) {
    if (births[one->fd] != one->birth) return; /* the client has gone */
    if (send(one->fd, answer_bytes, answer_length, MSG_NOSIGNAL) < 0) return;
    if (recorded < MOST_RECORDS) records[recorded++] = (Record){one->arrived, now()};
}

static void answer_due(void) {
    uint64_t expirations;
    if (read(timer, &expirations, sizeof expirations) < 0 && errno != EAGAIN) die("timer");
    while (first < end && waiting[first % MOST_WAITING].due <= now()) answer(&waiting[first++ % MOST_WAITING]);
    if (first < end) arm();
}

static void asked(int fd, double at) {
    if (stall_length > 0) {
        stalled_from = at + stall_after;
        stalled_until = stalled_from + stall_length;
        stall_length = 0;
    }
    double due = at + delay;
    if (due >= stalled_from && due < stalled_until) due = stalled_until;
    Waiting one = {due, at, fd, births[fd]};
    if (due <= at && first == end) { answer(&one); return; }
    if (end - first == MOST_WAITING) { fprintf(stderr, "too many requests are waiting\n"); exit(1); }
    waiting[end++ % MOST_WAITING] = one;
    if (end - first == 1) arm();
}

static void greet(void) {
    int fd, yes = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (fd >= MOST_CONNECTIONS) { close(fd); continue; }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        matched[fd] = 0;
        births[fd]++;
        watch(fd);
    }
}

static void hear(int fd) {
    static const char BLANK[] = "\r\n\r\n";
    char buffer[16384];
    ssize_t length = read(fd, buffer, sizeof buffer);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (length <= 0) { births[fd]++; close(fd); return; }
    double at = now();
    for (ssize_t i = 0; i < length; i++) {
        if (buffer[i] == BLANK[matched[fd]]) matched[fd]++;
        else matched[fd] = buffer[i] == '\r';
        if (matched[fd] == 4) { matched[fd] = 0; asked(fd, at); }
    }
}

static void take(const char *path) {
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(records, sizeof *records, recorded, file) != recorded || fclose(file)) die(path);
    printf("%zu\n", recorded);
    recorded = 0;
}

static void obey(void) {
    char line[4096];
    if (!fgets(line, sizeof line, stdin)) exit(0);
    line[strcspn(line, "\n")] = 0;
    if (sscanf(line, "stall %lf %lf", &stall_after, &stall_length) == 2) puts("ok");
    else if (!strncmp(line, "take ", 5)) take(line + 5);
    else { fprintf(stderr, "not a command: %s\n", line); exit(2); }
    fflush(stdout);
}

static const char *raise_priority(void) {
    struct sched_param highest = {.sched_priority = 2};
    if (sched_setscheduler(0, SCHED_FIFO, &highest) == 0) return "fifo";
    return setpriority(PRIO_PROCESS, 0, -20) == 0 ? "nice" : "plain";
}

static void *reserve(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) die("mmap");
    return memory;
}

static void listen_on_loopback(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) || listen(listener, 4096)) die("listen");
    if (getsockname(listener, (struct sockaddr *)&address, &size)) die("getsockname");
    printf("%d %s\n", ntohs(address.sin_port), raise_priority());
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 2 && argc != 3) { fprintf(stderr, "usage: truth_server DELAY [BODY]\n"); return 2; }
    const char *body = argc == 3 ? argv[2] : "{}";
    answer_length = (size_t)snprintf(answer_bytes, sizeof answer_bytes, HEAD, strlen(body), body);
    if (answer_length >= sizeof answer_bytes) { fprintf(stderr, "the body is too long\n"); return 2; }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    delay = atof(argv[1]) / 1e6;
    records = reserve(sizeof *records * MOST_RECORDS);
    waiting = reserve(sizeof *waiting * MOST_WAITING);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    setvbuf(stdin, NULL, _IONBF, 0); /* epoll must see every line that is left */
    listen_on_loopback();
    watch(listener);
    watch(timer);
    watch(STDIN_FILENO);
    for (;;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) greet();
            else if (fd == timer) answer_due();
            else if (fd == STDIN_FILENO) obey();
            else hear(fd);
        }
    }
}
