package api

import (
	"slices"
	"strings"
)

const paramsMax = 4 // of one URL

// router finds the routes of a path. It is a tree of segments: a fixed one goes
// before a parameter.
type router struct{ root node }

type node struct {
	fixed  map[string]*node
	param  *node
	routes []*route // one for each verb
	allow  string   // the Allow header
}

func (t *router) add(r *route) {
	n := &t.root
	for segment := range strings.SplitSeq(r.pattern[1:], "/") {
		n = n.child(segment)
	}
	for _, other := range n.routes {
		if other.verb == r.verb {
			panic("api: two routes for " + r.verb + " " + r.pattern)
		}
	}
	n.routes = append(n.routes, r)
	n.allow = allowed(n.routes)
}

func (n *node) child(segment string) *node {
	if _, isParam := paramName(segment); isParam {
		if n.param == nil {
			n.param = &node{}
		}
		return n.param
	}
	if n.fixed == nil {
		n.fixed = map[string]*node{}
	}
	if n.fixed[segment] == nil {
		n.fixed[segment] = &node{}
	}
	return n.fixed[segment]
}

func allowed(routes []*route) string {
	verbs := []string{"OPTIONS"}
	for _, r := range routes {
		verbs = append(verbs, r.verb)
		if r.verb == "GET" {
			verbs = append(verbs, "HEAD")
		}
	}
	slices.Sort(verbs)
	return strings.Join(verbs, ", ")
}

// find is the node of path, or nil, and fills params with the path's own segments.
func (t *router) find(path string, params *[paramsMax]string) *node {
	if path == "" || path[0] != '/' {
		return nil
	}
	return t.root.find(path[1:], params, 0)
}

func (n *node) find(path string, params *[paramsMax]string, filled int) *node {
	segment, rest, more := strings.Cut(path, "/")
	if next := n.fixed[segment]; next != nil {
		if found := next.end(rest, more, params, filled); found != nil {
			return found
		}
	}
	if n.param == nil || segment == "" || filled == paramsMax {
		return nil
	}
	params[filled] = segment
	return n.param.end(rest, more, params, filled+1)
}

func (n *node) end(rest string, more bool, params *[paramsMax]string, filled int) *node {
	if more {
		return n.find(rest, params, filled)
	}
	if len(n.routes) == 0 {
		return nil
	}
	return n
}

// route is the one for verb, or nil. HEAD is answered as GET without a body.
func (n *node) route(verb string) *route {
	if verb == "HEAD" {
		verb = "GET"
	}
	for _, r := range n.routes {
		if r.verb == verb {
			return r
		}
	}
	return nil
}

func (t *router) all() []*route { return t.root.all(nil) }

func (n *node) all(list []*route) []*route {
	list = append(list, n.routes...)
	for _, next := range n.fixed {
		list = next.all(list)
	}
	if n.param != nil {
		list = n.param.all(list)
	}
	return list
}
