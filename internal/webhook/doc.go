// Package webhook delivers events to URLs of the merchants' own.
//
// The log of events is the queue: nothing is written beside a payment. The sorter reads
// the log in order and writes a [Delivery] for each endpoint that an event concerns, and
// where it is in the log, in one commit: so each event is delivered to each endpoint, and
// written down once. A line carries one endpoint's deliveries, as many at once as the
// endpoint allows; a node holds it by a lease, and no line waits for another.
//
// Deliveries are signed by Standard Webhooks, may come more than once and, unless the
// endpoint asks for order, in any order: their webhook-id is the event's id, their body
// has its number. What fails is tried again for three days, later each time; then, or
// once it answers 410, the endpoint is disabled, which is an event too.
//
// Targets are public addresses by https, judged when a connection is made: a name that
// led elsewhere yesterday leads nowhere today.
//
// Sources: Standard Webhooks 1.0; OWASP, Server-Side Request Forgery Prevention.
package webhook
