package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/florinpay/florin/internal/webhook"
)

type webhookCommand struct {
	List       listHooksCommand  `cmd:"" help:"The merchant's webhook endpoints."`
	Create     createHookCommand `cmd:"" help:"Deliver events to a URL."`
	Deliveries deliveriesCommand `cmd:"" help:"What became of deliveries, those of the newest events first."`
	Show       showHookCommand   `cmd:"" help:"One delivery with every attempt."`
	Redeliver  redeliverCommand  `cmd:"" help:"Deliver again: one delivery, or all events of a span of time to one endpoint."`
	Sign       signCommand       `cmd:"" help:"Sign a body on standard input as a delivery is signed. The secret is read from the environment variable FLORIN_WEBHOOK_SECRET."`
}

type listHooksCommand struct{ remote }

// Run lists the endpoints.
func (c *listHooksCommand) Run(ctx context.Context, out io.Writer) error {
	var list struct {
		Data []struct {
			ID, URL, Status string
			Reason          string `json:"disabled_reason"`
			Failing         string `json:"failing_since"`
		}
	}
	return c.table(ctx, out, "/v1/webhook_endpoints?limit=100", &list, func(w io.Writer) {
		for _, e := range list.Data {
			state := e.Status
			if e.Reason != "" {
				state += " (" + e.Reason + ")"
			}
			if e.Failing != "" {
				state += ", failing since " + e.Failing
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", e.ID, state, e.URL)
		}
	})
}

// table reads what a path answers and shows it in columns.
func (r remote) table(ctx context.Context, out io.Writer, path string, into any, rows func(io.Writer)) error {
	api, err := r.client()
	if err != nil {
		return err
	}
	if err := api.get(ctx, path).into(into); err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	rows(w)
	return w.Flush()
}

type createHookCommand struct {
	remote
	URL     string   `arg:"" help:"Where to: https on the public Internet."`
	Types   []string `help:"Only these types; a comma between." placeholder:"TYPE"`
	Ordered bool     `help:"Of each object, an event only after those before it."`
	Thin    bool     `help:"Payloads without the object."`
}

// Run makes an endpoint and shows its secret.
func (c *createHookCommand) Run(ctx context.Context, out io.Writer) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var e struct {
		ID, Secret string
		PublicKey  string `json:"public_key"`
	}
	body := map[string]any{"url": c.URL, "types": c.Types, "ordered": c.Ordered, "thin": c.Thin}
	if len(c.Types) == 0 {
		delete(body, "types")
	}
	if err := api.post(ctx, "/v1/webhook_endpoints", newKey(), body).into(&e); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\nsecret, not shown again: %s\npublic key: %s\n", e.ID, e.Secret, e.PublicKey)
	return err
}

type deliveriesCommand struct {
	remote
	Endpoint string `help:"Only those to this endpoint." placeholder:"we_…"`
	Event    string `help:"Only those of this event." placeholder:"evt_…"`
	Status   string `help:"pending, delivered or failed." enum:",pending,delivered,failed" default:""`
	Limit    int    `help:"How many at most, 1 to 100." default:"20"`
}

// Run lists deliveries.
func (c *deliveriesCommand) Run(ctx context.Context, out io.Writer) error {
	q := url.Values{"limit": {strconv.Itoa(c.Limit)}}
	for name, value := range map[string]string{"endpoint": c.Endpoint, "event": c.Event, "status": c.Status} {
		if value != "" {
			q.Set(name, value)
		}
	}
	var list struct {
		Data []struct {
			ID, Status string
			Type       string `json:"event_type"`
			Event      string
			Attempts   int    `json:"attempt_count"`
			Due        string `json:"due_at"`
		}
	}
	return c.table(ctx, out, "/v1/webhook_deliveries?"+q.Encode(), &list, func(w io.Writer) {
		for _, d := range list.Data {
			state := d.Status
			if d.Due != "" {
				state += ", due " + d.Due
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%d attempts\t%s\n", d.ID, d.Type, d.Event, d.Attempts, state)
		}
	})
}

type showHookCommand struct {
	remote
	Delivery string `arg:"" help:"Its id, dlv_…"`
}

// Run shows a delivery.
func (c *showHookCommand) Run(ctx context.Context, out io.Writer) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	a := api.get(ctx, "/v1/webhook_deliveries/"+url.PathEscape(c.Delivery))
	if err := a.into(new(any)); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(a.body), "", "  "); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, b.String())
	return err
}

type redeliverCommand struct {
	remote
	ID           string    `arg:"" help:"A delivery, dlv_…, or an endpoint, we_…"`
	From         time.Time `help:"With an endpoint: events of this moment or later, such as 2026-11-26T09:00:00Z." placeholder:"TIME"`
	To           time.Time `help:"And of this moment or earlier." placeholder:"TIME"`
	DeliveredToo bool      `help:"Those too that were delivered already."`
}

// Run sends on their way again.
func (c *redeliverCommand) Run(ctx context.Context, out io.Writer) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if len(c.ID) > 4 && c.ID[:4] == "dlv_" {
		if err := api.post(ctx, "/v1/webhook_deliveries/"+c.ID+"/redeliver", newKey(), struct{}{}).into(new(any)); err != nil {
			return err
		}
		_, err := fmt.Fprintf(out, "%s is on its way again\n", c.ID)
		return err
	}
	if c.From.IsZero() {
		return errors.New("from when on? Give --from, such as --from 2026-11-26T09:00:00Z")
	}
	body := map[string]any{"created_from": c.From, "delivered_too": c.DeliveredToo}
	if !c.To.IsZero() {
		body["created_to"] = c.To
	}
	for total := int64(0); ; {
		var r struct {
			Count int64 `json:"count"`
			More  bool  `json:"has_more"`
			Next  int64 `json:"next_after"`
		}
		if err := api.post(ctx, "/v1/webhook_endpoints/"+url.PathEscape(c.ID)+"/redeliver", newKey(), body).into(&r); err != nil {
			return err
		}
		total += r.Count
		fmt.Fprintf(out, "%d events are on their way again\n", total)
		if !r.More {
			return nil
		}
		body["after"] = r.Next
	}
}

// secretVariable holds the secret that a body is signed with.
const secretVariable = "FLORIN_WEBHOOK_SECRET" //nolint:gosec // the name of a variable

type signCommand struct {
	ID string    `help:"The event's id, which becomes webhook-id." required:""`
	At time.Time `help:"When it is sent; now if absent." placeholder:"TIME"`
}

// Run shows the headers of a delivery.
func (c *signCommand) Run(out io.Writer) error {
	secret, err := webhook.ParseSecret(os.Getenv(secretVariable))
	if err != nil {
		return fmt.Errorf("%s: %w", secretVariable, err)
	}
	body, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	at := c.At
	if at.IsZero() {
		at = machine.Now()
	}
	_, err = fmt.Fprintf(out, "webhook-id: %s\nwebhook-timestamp: %d\nwebhook-signature: %s\n", c.ID, at.Unix(), webhook.Sign(c.ID, at, body, secret))
	return err
}
