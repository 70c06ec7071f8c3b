// ncursesw.
#ifndef LATHE_CTERMINAL_H
#define LATHE_CTERMINAL_H
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>
#endif
