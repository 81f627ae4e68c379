// Expat, for the answers that storage services give in XML.
#ifndef CEXPAT_H
#define CEXPAT_H

#include <expat.h>

#endif
