/* Loaded into a server before the C library: while the file that FAULTY_DISK names is there, some calls fail.
 *
 * The file holds three words: which calls (flush or write), the number of the error, and a part of the path of the files
 * that are meant; a $ at its end stands for the end of the path.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int is_meant(const char *path, char *part) {
    size_t length = strlen(part);
    if (length == 0 || part[length - 1] != '$') {
        return strstr(path, part) != NULL;
    }
    part[length - 1] = '\0';
    size_t tail = length - 1;
    return strlen(path) >= tail && strcmp(path + strlen(path) - tail, part) == 0;
}

static int fails(const char *calls, int fd) {
    const char *control = getenv("FAULTY_DISK");
    if (control == NULL) {
        return 0;
    }
    int file = open(control, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return 0;
    }
    char text[512], wanted[16], part[256], link[64], path[4096];
    int number = 0;
    ssize_t read_bytes = read(file, text, sizeof text - 1);
    close(file);
    if (read_bytes <= 0) {
        return 0;
    }
    text[read_bytes] = '\0';
    if (sscanf(text, "%15s %d %255s", wanted, &number, part) != 3 || strcmp(wanted, calls) != 0) {
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t path_bytes = readlink(link, path, sizeof path - 1);
    if (path_bytes <= 0) {
        return 0;
    }
    path[path_bytes] = '\0';
    if (!is_meant(path, part)) {
        return 0;
    }
    errno = number;
    return 1;
}

#define NEXT(name) \
    static __typeof__(name) *next; \
    if (next == NULL) next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

int fsync(int fd) {
    NEXT(fsync);
    return fails("flush", fd) ? -1 : next(fd);
}

int fdatasync(int fd) {
    NEXT(fdatasync);
    return fails("flush", fd) ? -1 : next(fd);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    NEXT(write);
    return fails("write", fd) ? -1 : next(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    NEXT(pwrite);
    return fails("write", fd) ? -1 : next(fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    NEXT(pwrite64);
    return fails("write", fd) ? -1 : next(fd, bytes, count, offset);
}
