package main

import (
	"context"
	"net/http"
	"os"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	tracesdk "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/florinpay/florin/internal/connector"
)

// tracer makes spans; it costs next to nothing until startTracing has found a collector.
var tracer = otel.Tracer("florin")

// startTracing sends spans to the collector that the standard variables name, if
// any (OTEL_EXPORTER_OTLP_ENDPOINT and its kin). Spans carry ids, never content.
func startTracing(ctx context.Context) (stop func(context.Context) error, err error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		return func(context.Context) error { return nil }, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, err
	}
	p := tracesdk.NewTracerProvider(tracesdk.WithBatcher(exporter),
		tracesdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "florin"), attribute.String("service.version", version()))))
	otel.SetTracerProvider(p)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	return p.Shutdown, nil
}

// trace gives each request a span that joins the caller's trace.
func trace(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !tracing() {
			next.ServeHTTP(w, r)
			return
		}
		ctx := otel.GetTextMapPropagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := tracer.Start(ctx, "HTTP "+r.Method, oteltrace.WithSpanKind(oteltrace.SpanKindServer))
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
		span.SetAttributes(attribute.String("florin.request", w.Header().Get("Request-Id")))
	})
}

// tracing reports whether startTracing has found a collector.
func tracing() bool {
	_, on := otel.GetTracerProvider().(*tracesdk.TracerProvider)
	return on
}

// traced gives each call of a rail a span.
type traced struct{ connector.Connector }

// Send implements [connector.Connector].
func (t traced) Send(ctx context.Context, r connector.Request) connector.Answer {
	ctx, span := tracer.Start(ctx, "rail "+string(r.Kind), oteltrace.WithSpanKind(oteltrace.SpanKindClient))
	defer span.End()
	a := t.Connector.Send(ctx, r)
	span.SetAttributes(attribute.String("florin.attempt", r.Reference), attribute.String("florin.result", a.Result.String()))
	return a
}

// Ask implements [connector.Connector].
func (t traced) Ask(ctx context.Context, reference string) connector.Answer {
	return inquired(ctx, "rail ask", reference, t.Connector.Ask)
}

// Abandon implements [connector.Connector].
func (t traced) Abandon(ctx context.Context, reference string) connector.Answer {
	return inquired(ctx, "rail abandon", reference, t.Connector.Abandon)
}

func inquired(ctx context.Context, name, reference string, question func(context.Context, string) connector.Answer) connector.Answer {
	ctx, span := tracer.Start(ctx, name, oteltrace.WithSpanKind(oteltrace.SpanKindClient))
	defer span.End()
	a := question(ctx, reference)
	span.SetAttributes(attribute.String("florin.attempt", reference), attribute.String("florin.result", a.Result.String()))
	return a
}
