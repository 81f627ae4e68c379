// The floor of what the kernel, the loader and libcurl allow at the exit code: a sidecar that knows nothing of the
// protocol. It makes the calls that a job takes, passes the connector's output on to the console as it comes, stores what
// was written as the output once the exit code is there, and reports success. For a DISCOVER it writes the output as the
// catalog first, and stores what the server answers. Whatever the real program costs beyond this is its own.
//
// It reads AIRBYTE_CONFIG_DIR, WORKLOAD_API_HOST, INTERNAL_API_HOST, and what it does not read from the job's files:
// FLOOR_WORKLOAD_ID and FLOOR_OPERATION (spec, check, discover).
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/// The longest output that is stored.
enum { CAPACITY = 1 << 20, HEARTBEAT_MILLISECONDS = 30000 };

static CURL *curl;
static const char *workload;
static char output[CAPACITY];
static size_t output_length;
static char body[2 * CAPACITY + 256];

static void fail(const char *what) {
    fprintf(stderr, "floor-sidecar: %s\n", what);
    exit(1);
}

/// Keeps the answer, where there is one, in place of the output: the last answer with a body is the catalog's.
static size_t keep(char *bytes, size_t size, size_t count, void *context) {
    (void)context;
    if (size * count > CAPACITY - output_length) fail("the answer is too long");
    memcpy(output + output_length, bytes, size * count);
    output_length += size * count;
    return size * count;
}

static void call(const char *method, const char *host, const char *path) {
    char url[512];
    snprintf(url, sizeof url, "%s/api/v1/%s", getenv(host), path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
    CURLcode result = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (result != CURLE_OK || (status != 204 && status != 200)) fail(path);
}

static void call_workload(const char *name) {
    char path[64];
    snprintf(path, sizeof path, "workload/%s", name);
    snprintf(body, sizeof body, "{\"workloadId\":\"%s\"}", workload);
    call("PUT", "WORKLOAD_API_HOST", path);
}

/// Copies what is new in the output to the console.
static void pass_on(int *file) {
    if (*file < 0) *file = open("jobOutput.json", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (*file < 0) return;
    ssize_t count;
    while ((count = read(*file, output + output_length, CAPACITY - output_length)) > 0) {
        if (write(1, output + output_length, (size_t)count) != count) fail("console");
        output_length += (size_t)count;
    }
    if (output_length == CAPACITY) fail("the output is too long");
}

/// Makes a document of one text beside others: `head`, the output as the text, and the end.
static void wrap_output(const char *head) {
    char *end = body + strlen(strcpy(body, head));
    for (size_t i = 0; i < output_length; i++) {
        unsigned char byte = (unsigned char)output[i];
        if (byte < ' ') byte = ' ';
        if (byte == '"' || byte == '\\') *end++ = '\\';
        *end++ = (char)byte;
    }
    strcpy(end, "\"}");
}

static void write_catalog(void) {
    wrap_output("{\"sourceId\":\"9f5b5f0e-6a1c-4d5a-9a0f-6f6b3a4c1d2e\",\"connectorVersion\":\"1.0.0\","
                "\"configurationHash\":\"c0ffee\",\"catalog\":\"");
    output_length = 0;
    call("POST", "INTERNAL_API_HOST", "sources/write_discover_catalog_result");
}

static void store(void) {
    char head[256];
    snprintf(head, sizeof head, "{\"workloadId\":\"%s\",\"output\":\"", workload);
    wrap_output(head);
    call("POST", "INTERNAL_API_HOST", "workload_output/write");
}

/// Waits for the exit code; heartbeats where it takes long.
static void wait_for_exit(int watch) {
    int file = -1;
    pass_on(&file);
    int ended = access("exitCode.txt", F_OK) == 0;
    while (!ended) {
        struct pollfd readable = {.fd = watch, .events = POLLIN};
        int ready = poll(&readable, 1, HEARTBEAT_MILLISECONDS);
        if (ready < 0 && errno != EINTR) fail("poll");
        if (ready == 0) call_workload("heartbeat");
        if (ready <= 0) continue;
        _Alignas(struct inotify_event) char events[4096];
        ssize_t count = read(watch, events, sizeof events);
        for (char *next = events; next < events + count;) {
            struct inotify_event *event = (struct inotify_event *)next;
            if (event->len > 0 && strcmp(event->name, "exitCode.txt") == 0) ended = 1;
            next += sizeof *event + event->len;
        }
        pass_on(&file);
    }
}

int main(void) {
    workload = getenv("FLOOR_WORKLOAD_ID");
    const char *directory = getenv("AIRBYTE_CONFIG_DIR");
    const char *operation = getenv("FLOOR_OPERATION");
    if (workload == NULL || directory == NULL || operation == NULL || chdir(directory) < 0) fail("environment");
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (curl = curl_easy_init()) == NULL) fail("libcurl");
    struct curl_slist *fields = curl_slist_append(NULL, "Content-Type: application/json");
    fields = curl_slist_append(fields, "X-Airbyte-Version: dev");
    fields = curl_slist_append(fields, "Expect:");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "FloorSidecar");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    call_workload("running");
    int watch = inotify_init1(IN_CLOEXEC);
    if (watch < 0 || inotify_add_watch(watch, ".", IN_MOVED_TO | IN_MODIFY | IN_CREATE) < 0) fail("inotify");
    wait_for_exit(watch);
    if (strcmp(operation, "discover") == 0) write_catalog();
    store();
    call_workload("success");
    return 0;
}
