#include <libxml/HTMLparser.h>
#include <libxml/HTMLtree.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlreader.h>
#include <libxml/xmlwriter.h>
#include <libxml/xpath.h>

// xmlFree is a function pointer variable, which Swift does not import.
static inline void persona_xml_free(void *pointer) { xmlFree(pointer); }
