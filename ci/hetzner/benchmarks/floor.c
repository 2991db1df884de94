/* The floor: starts the commands of tasks.tsv with posix_spawn, each in its own process group and
   with its own log, and waits. No runner that starts the same shells can be faster.
   Usage: floor PARALLEL. Every failure ends it with a message and exit code 2. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <search.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct task {
    char *name, *command;
    int unmet, users, room, *user; /* tasks that wait for this one, by number */
    pid_t pid;
};

static struct task *tasks;
static int count, *ready, first, last;

static void die(const char *what) {
    perror(what);
    exit(2);
}

static void *more(void *old, size_t bytes) {
    void *made = realloc(old, bytes);
    if (!made) die("realloc");
    return made;
}

static struct task *find(char *name) {
    ENTRY *found = hsearch((ENTRY){name, NULL}, FIND);
    if (!found) die(name);
    return found->data;
}

static void read_tasks(void) {
    FILE *file = fopen("tasks.tsv", "r");
    if (!file) die("tasks.tsv");
    char *line = NULL, **needs = NULL;
    size_t size = 0;
    while (getline(&line, &size, file) > 0) {
        line[strcspn(line, "\n")] = 0;
        char *rest = strdup(line), *name = strsep(&rest, "\t"), *need = strsep(&rest, "\t");
        tasks = more(tasks, (count + 1) * sizeof *tasks);
        needs = more(needs, (count + 1) * sizeof *needs);
        tasks[count] = (struct task){.name = name, .command = rest};
        needs[count++] = need;
    }
    fclose(file);
    if (!hcreate(count * 2)) die("hcreate");
    for (int i = 0; i < count; i++)
        if (!hsearch((ENTRY){tasks[i].name, &tasks[i]}, ENTER)) die("hsearch");
    ready = more(NULL, count * sizeof *ready);
    for (int i = 0; i < count; i++) {
        for (char *need; (need = strsep(&needs[i], " ")) && *need;) {
            struct task *on = find(need);
            if (on->users == on->room) {
                on->room = on->room * 2 + 4;
                on->user = more(on->user, on->room * sizeof *on->user);
            }
            on->user[on->users++] = i;
            tasks[i].unmet++;
        }
        if (!tasks[i].unmet) ready[last++] = i;
    }
}

static void start(struct task *task) {
    char log[4096];
    snprintf(log, sizeof log, "logs/%s.log", task->name);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    posix_spawnattr_init(&how);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP);
    char *argv[] = {"bash", "-c", task->command, NULL};
    if (posix_spawnp(&task->pid, "bash", &files, &how, argv, environ)) die(task->name);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&how);
}

int main(int argc, char **argv) {
    int slots = argc > 1 ? atoi(argv[1]) : 1, running = 0, left, status;
    read_tasks();
    for (left = count; left; left--) {
        for (; running < slots && first < last; running++) start(&tasks[ready[first++]]);
        pid_t pid = waitpid(-1, &status, 0);
        if (pid < 0) die("waitpid");
        if (status) return 1;
        running--;
        for (int i = 0; i < count; i++)
            if (tasks[i].pid == pid) {
                tasks[i].pid = 0;
                for (int u = 0; u < tasks[i].users; u++)
                    if (!--tasks[tasks[i].user[u]].unmet) ready[last++] = tasks[i].user[u];
                break;
            }
    }
    return 0;
}
