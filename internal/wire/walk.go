package wire

import "github.com/florinpay/florin/internal/fault"

const depthMax = 64 // objects, lists, messages or elements inside each other

// walk is what every decoder keeps on its one way through a body: where it is, and
// the bad places so far.
type walk struct {
	data   []byte
	pos    int
	depth  int
	path   []Step
	xml    bool // places are written as XML paths, not as JSON pointers
	bad    []fault.Field
	broken bool // the walk is over; bad holds why, and only that
}

// report notes a bad place and lets the walk go on.
func (w *walk) report(code, detail string) {
	if !w.broken && len(w.bad) < PlacesMax {
		w.bad = append(w.bad, fault.Field{Pointer: w.here(), Code: code, Detail: detail})
	}
}

// fail ends the walk: what follows has no certain meaning.
func (w *walk) fail(code, detail string) {
	if !w.broken {
		w.bad = []fault.Field{{Pointer: w.here(), Code: code, Detail: detail}}
		w.broken = true
	}
}

func (w *walk) here() string {
	if w.xml {
		return xmlPath(w.path)
	}
	return Pointer(w.path)
}

// verdict is nil if the walk met no bad place. Error: fault.ErrInvalid with all of them.
func (w *walk) verdict() error {
	if len(w.bad) > 0 {
		return Invalid(w.bad...)
	}
	return nil
}
