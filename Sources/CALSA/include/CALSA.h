// ALSA's PCM interface.
#ifndef LATHE_CALSA_H
#define LATHE_CALSA_H
#include <alsa/asoundlib.h>
#endif
