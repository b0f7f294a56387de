"""Numbers of the system calls that our filters speak of, for the two processors that we know.

From the kernel's `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h`, as of Linux 5.16.
A test compares them with the headers of the machine, where it has them.
"""

from __future__ import annotations

from collections.abc import Mapping

#: The last call of which we know what it does. Later ones are refused as unknown, as an older kernel would.
NEWEST = 449
ABSENT = -1  # this processor never had the call
#: Place of a machine's number in the pairs below, and the kernel's name for it (linux/audit.h).
COLUMNS: Mapping[str, tuple[int, int]] = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

Group = Mapping[str, tuple[int, int]]

#: New namespaces, mounts and roots: where most of the kernel's recent holes were reached from.
NAMESPACES: Group = {
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
}
#: Parts of the kernel that no parser needs and that have had holes: programs in the kernel, keys, rings, modules.
KERNEL: Group = {
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "lookup_dcookie": (212, 18),
    "nfsservctl": (180, 42),
    "uselib": (134, ABSENT),
    "sysfs": (139, ABSENT),
    "_sysctl": (156, ABSENT),
}
#: The machine itself: its clock, name, swap, quotas, ports, and starting it anew.
MACHINE: Group = {
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, ABSENT),
    "ioperm": (173, ABSENT),
    "modify_ldt": (154, ABSENT),
    "vhangup": (153, 58),
    "syslog": (103, 116),
    "personality": (135, 92),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "ustat": (136, ABSENT),
}
#: Other processes: looking into them, taking their descriptors, ordering them about.
OTHERS: Group = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "setpriority": (141, 140),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122),
    "ioprio_set": (251, 30),
}
#: Becoming somebody else, and leaving the group by which a job is killed.
IDENTITY: Group = {
    "setuid": (105, 146),
    "setgid": (106, 144),
    "setreuid": (113, 145),
    "setregid": (114, 143),
    "setresuid": (117, 147),
    "setresgid": (119, 149),
    "setfsuid": (122, 151),
    "setfsgid": (123, 152),
    "setgroups": (116, 159),
    "capset": (126, 91),
    "setsid": (112, 157),
    "setpgid": (109, 154),
}
#: Memory that belongs to no process or to no file in sight, and so counts for nobody.
HIDDEN_MEMORY: Group = {
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmdt": (67, 197),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "semget": (64, 190),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "semctl": (66, 191),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "mq_timedsend": (242, 182),
    "mq_timedreceive": (243, 183),
    "mq_notify": (244, 184),
    "mq_getsetattr": (245, 185),
}
#: Every socket, those between processes of this machine included.
SOCKETS: Group = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "recvfrom": (45, 207),
    "recvmsg": (47, 212),
    "recvmmsg": (299, 243),
}
#: Modes, owners, times and labels of files, which Landlock does not watch, and files by handle instead of by name.
ATTRIBUTES: Group = {
    "chmod": (90, ABSENT),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "chown": (92, ABSENT),
    "fchown": (93, 55),
    "lchown": (94, ABSENT),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "utime": (132, ABSENT),
    "utimes": (235, ABSENT),
    "utimensat": (280, 88),
    "futimesat": (261, ABSENT),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
}
#: Making, removing and renaming files. Opening one for writing is judged by its flags.
FILES: Group = {
    "creat": (85, ABSENT),
    "truncate": (76, 45),
    "mkdir": (83, ABSENT),
    "mkdirat": (258, 34),
    "mknod": (133, ABSENT),
    "mknodat": (259, 33),
    "link": (86, ABSENT),
    "linkat": (265, 37),
    "symlink": (88, ABSENT),
    "symlinkat": (266, 36),
    "rename": (82, ABSENT),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "unlink": (87, ABSENT),
    "unlinkat": (263, 35),
    "rmdir": (84, ABSENT),
}
#: Starting programs.
PROGRAMS: Group = {
    "execve": (59, 221),
    "execveat": (322, 281),
}
#: Decided by their arguments, or refused as unknown so that the C library falls back to one that can be judged.
JUDGED: Group = {
    "clone": (56, 220),
    "clone3": (435, 435),
    "open": (2, ABSENT),
    "openat": (257, 56),
    "openat2": (437, 437),
    "ioctl": (16, 29),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "prlimit64": (302, 261),
}
