package statement

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/wire"
)

// Format is how a file is written.
type Format string

// The formats.
const (
	JSON Format = "json"     // the object Statement with all its entries
	CSV  Format = "csv"      // a line for each entry (RFC 4180)
	Camt Format = "camt.053" // ISO 20022 camt.053.001.08
)

// Media is the format's media type.
func (f Format) Media() string {
	switch f {
	case CSV:
		return "text/csv; charset=utf-8; header=present"
	case Camt:
		return "application/xml; charset=utf-8"
	}
	return "application/json; charset=utf-8"
}

// ending is what the format's files end with.
func (f Format) ending() string {
	if f == Camt {
		return "camt053.xml"
	}
	return string(f)
}

// filePage is how many entries one file of the API holds: 5 MB of camt.053.
const filePage = 5000

// pagesMax is the highest page that there can be: the page ends a camt.053's MsgId, which
// has 35 characters.
const pagesMax = 999

// sheet is one file of a statement: all of it, or a page.
type sheet struct {
	Statement
	page, pages  int   // from 1
	before       int64 // the balance in front of the page's first entry
	after        int64 // and behind its last
	next         string
	first, count int64 // the page's first entry, from 0, and how many it has
}

// last reports whether no page follows.
func (s *sheet) last() bool { return s.page == s.pages }

// scribe writes one format.
type scribe interface {
	begin() error
	entry(e Entry) error
	end() error
}

func (s *sheet) scribe(f Format, to io.Writer) scribe {
	switch f {
	case CSV:
		return &csvScribe{to: to, table: wire.TableOf(entryShape())}
	case Camt:
		return newCamtScribe(s, to)
	}
	return &jsonScribe{sheet: s, to: to}
}

// shapes are the contract's, gathered once: a file has thousands of entries.
var shapes = sync.OnceValue(wire.ContractShapes)

func entryShape() *wire.Shape {
	return shapes()[(&florinv1.StatementEntry{}).ProtoReflect().Descriptor().FullName()]
}

// csvScribe writes the table that an export would.
type csvScribe struct {
	to    io.Writer
	table *wire.Table
}

func (c *csvScribe) begin() error { return put(c.to, c.table.AppendHeader(nil)) }
func (c *csvScribe) entry(e Entry) error {
	return put(c.to, c.table.AppendLine(nil, ViewEntry(e)))
}
func (c *csvScribe) end() error { return nil }

// jsonScribe writes the contract's Statement, an entry on each line.
type jsonScribe struct {
	sheet *sheet
	to    io.Writer
	some  bool
}

var noEntries = []byte("]}") // how a Statement without entries ends: they are its last member

func (j *jsonScribe) begin() error {
	v := View(j.sheet.Statement, nil, !j.sheet.last())
	v.NextCursor = j.sheet.next
	text := shapes().EncodeJSON(nil, v)
	if !bytes.HasSuffix(text, noEntries) {
		return errNotEven.WithCause(fmt.Errorf("statement: its JSON ends unlike %s", noEntries))
	}
	return put(j.to, text[:len(text)-len(noEntries)])
}

func (j *jsonScribe) entry(e Entry) error {
	line := []byte("\n")
	if j.some {
		line = []byte(",\n")
	}
	j.some = true
	return put(j.to, shapes().EncodeJSON(line, ViewEntry(e)))
}

func (j *jsonScribe) end() error { return put(j.to, []byte("\n]}\n")) }

func put(to io.Writer, text []byte) error {
	_, err := to.Write(text)
	return err
}

// File is a statement, or a page of it, in bytes.
type File struct {
	Statement
	Format  Format
	Page    int // from 1
	Pages   int
	Content []byte
}

// Name is what to call the file.
func (f *File) Name() string { return f.Which.name(f.Format, f.Page, f.Pages) }

// FileName is what to call the file that has the whole day.
func (w Which) FileName(f Format) string { return w.name(f, 1, 1) }

func (w Which) name(f Format, page, pages int) string {
	part := ""
	if pages > 1 {
		part = fmt.Sprintf("-%d-of-%d", page, pages)
	}
	return fmt.Sprintf("statement-%s-%s-%s%s.%s", w.Merchant, w.Date(), w.Currency, part, f.ending())
}

// SHA256 is the content's digest in hexadecimal.
func (f *File) SHA256() string {
	sum := sha256.Sum256(f.Content)
	return hex.EncodeToString(sum[:])
}

// File writes a page of the statement of a day that is final, 5,000 entries each; a day
// without entries has one page. Errors: ErrNotFinal, ErrPage, ErrTooLong, ErrTooLarge,
// those of the database.
func (d *Desk) File(ctx context.Context, w Which, f Format, page int) (*File, error) {
	r := d.look()
	s, err := r.sheet(ctx, w, page)
	if err != nil {
		return nil, err
	}
	var buffer bytes.Buffer
	err = r.write(ctx, s, s.scribe(f, &buffer))
	return &File{Statement: s.Statement, Format: f, Page: s.page, Pages: s.pages, Content: buffer.Bytes()}, err
}

// sheet finds a page, the balances around it, and where the next one begins.
func (r reading) sheet(ctx context.Context, w Which, page int) (*sheet, error) {
	if final, err := r.final(ctx, w); err != nil || !final {
		return nil, cmp.Or[error](err, ErrNotFinal)
	}
	s := &sheet{page: page, first: int64(page-1) * filePage, count: filePage}
	last, n := Entry{}, int64(0)
	var err error
	s.Statement, err = r.head(ctx, w, func(e Entry) error {
		if n == s.first {
			s.before = e.After - e.Amount.Minor // each checked that
		}
		if n++; n <= s.first+s.count {
			last = e
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.pages = int(max(1, (n+filePage-1)/filePage))
	switch {
	case s.pages > pagesMax:
		return nil, ErrTooLong.With("The statement has more than %d entries. Ask the operator for its file: florin statement.", pagesMax*filePage)
	case page > s.pages:
		return nil, ErrPage
	case n == 0:
		s.before, s.after = s.Opening, s.Opening
	default:
		s.after = last.After
	}
	if !s.last() {
		s.next = string(last.Transfer)
	}
	return s, nil
}

// Write writes the whole statement of a final day, however long, as it is read: it holds
// 500 entries at a time. Errors: ErrNotFinal, ErrTooLarge, those of to and of the database.
func (d *Desk) Write(ctx context.Context, w Which, f Format, to io.Writer) (Statement, error) {
	r := d.look()
	if final, err := r.final(ctx, w); err != nil || !final {
		return Statement{Which: w}, cmp.Or[error](err, ErrNotFinal)
	}
	s, err := r.head(ctx, w, func(Entry) error { return nil })
	if err != nil {
		return s, err
	}
	sheet := &sheet{Statement: s, page: 1, pages: 1, count: s.Count(), before: s.Opening, after: s.Closing}
	return s, r.write(ctx, sheet, sheet.scribe(f, to))
}

// errEnough ends a walk whose rest is of no interest.
var errEnough = errors.New("statement: enough")

// window gives fn the entries of the page.
func (r reading) window(ctx context.Context, s *sheet, fn func(Entry) error) error {
	n := int64(0)
	err := r.each(ctx, s.account(), s.Opening, s.Day, s.end(), func(e Entry) error {
		n++
		switch {
		case n <= s.first:
			return nil
		case n > s.first+s.count:
			return errEnough
		}
		return fn(e)
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return err
}

const describedAtOnce = 500

// write writes the page.
func (r reading) write(ctx context.Context, s *sheet, to scribe) error {
	if err := to.begin(); err != nil {
		return err
	}
	var waiting []Entry
	flush := func() error {
		if err := r.describe(ctx, waiting); err != nil {
			return err
		}
		for _, e := range waiting {
			if err := to.entry(e); err != nil {
				return err
			}
		}
		waiting = waiting[:0]
		return nil
	}
	err := r.window(ctx, s, func(e Entry) error {
		if waiting = append(waiting, e); len(waiting) < describedAtOnce {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return err
	}
	return to.end()
}
