//! A collector: takes OTLP over gRPC and over HTTP, with and without TLS, and keeps what came.

use crate::connect::pki::Issued;
use crate::support::words;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tonic::{Request, Response, Status};

/// What came.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// Spans, in the order of their ends.
    pub spans: Vec<Span>,
    /// Metrics, in every export again.
    pub metrics: Vec<Metric>,
    /// Attributes of the resource, as last seen.
    pub resource: BTreeMap<String, String>,
    /// Header lines, or metadata, of every request.
    pub headers: String,
}

/// A running collector.
pub struct Collector {
    /// Where.
    pub address: String,
    received: Arc<Mutex<Received>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone, Default)]
struct Store(Arc<Mutex<Received>>);

impl Store {
    fn traces(&self, request: ExportTraceServiceRequest) {
        let mut received = self.0.lock().unwrap();
        for group in request.resource_spans {
            let attributes = group.resource.map(|r| r.attributes).unwrap_or_default();
            received.resource = attributes_of(&attributes);
            received.spans.extend(group.scope_spans.into_iter().flat_map(|s| s.spans));
        }
    }

    fn metrics(&self, request: ExportMetricsServiceRequest) {
        let scopes = request.resource_metrics.into_iter().flat_map(|r| r.scope_metrics);
        self.0.lock().unwrap().metrics.extend(scopes.flat_map(|s| s.metrics));
    }
}

#[tonic::async_trait]
impl TraceService for Store {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.lock().unwrap().headers.push_str(&format!("{:?}", request.metadata()));
        self.traces(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Store {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.metrics(request.into_inner());
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

/// An attribute as text.
fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|v| v.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::BoolValue(flag)) => flag.to_string(),
        other => format!("{other:?}"),
    }
}

/// Attributes as text.
pub fn attributes_of(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    attributes.iter().map(|a| (a.key.clone(), text(a.value.as_ref()))).collect()
}

impl Collector {
    /// Takes OTLP over HTTP; over TLS with a certificate.
    pub async fn http(certificate: Option<&Issued>) -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(words)?;
        let port = listener.local_addr().map_err(words)?.port();
        let store = Store::default();
        let received = Arc::clone(&store.0);
        let tls = certificate.map(acceptor).transpose()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (store, tls) = (store.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, store).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, store).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        Ok(Self { address: format!("{scheme}://localhost:{port}"), received, task })
    }

    /// Takes OTLP over gRPC; over TLS with a certificate.
    pub async fn grpc(certificate: Option<&Issued>) -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(words)?;
        let port = listener.local_addr().map_err(words)?.port();
        let store = Store::default();
        let received = Arc::clone(&store.0);
        let mut server = tonic::transport::Server::builder();
        if let Some(Issued { pem, key }) = certificate {
            let identity = tonic::transport::Identity::from_pem(pem, key);
            let tls = tonic::transport::ServerTlsConfig::new().identity(identity);
            server = server.tls_config(tls).map_err(words)?;
        }
        let router = server
            .add_service(TraceServiceServer::new(store.clone()))
            .add_service(MetricsServiceServer::new(store));
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        let task = tokio::spawn(async move {
            let _ = router.serve_with_incoming(incoming).await;
        });
        let scheme = if certificate.is_some() { "https" } else { "http" };
        Ok(Self { address: format!("{scheme}://localhost:{port}"), received, task })
    }

    /// Takes connections and never answers.
    pub async fn hung() -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(words)?;
        let port = listener.local_addr().map_err(words)?.port();
        let task = tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                kept.push(stream);
            }
        });
        let address = format!("http://localhost:{port}");
        Ok(Self { address, received: Arc::default(), task })
    }

    /// What has come so far.
    pub fn received(&self) -> Received {
        self.received.lock().unwrap().clone()
    }
}

/// TLS with this certificate.
pub fn acceptor(issued: &Issued) -> Result<TlsAcceptor, String> {
    let chain = CertificateDer::from_pem_slice(issued.pem.as_bytes()).map_err(words)?;
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).map_err(words)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(words)?
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .map_err(words)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// HTTP/1.1 as far as an exporter speaks it: POST with a length, one after another.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, store: Store) -> Option<()> {
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let header = |name: &str| {
            head.lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(n, _)| n.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim().to_owned())
        };
        let length: usize = header("content-length")?.parse().ok()?;
        while bytes.len() < end + length {
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        let body = &bytes[end..end + length];
        let known = match head.split(' ').nth(1) {
            Some("/v1/traces") => {
                ExportTraceServiceRequest::decode(body).map(|r| store.traces(r)).is_ok()
            }
            Some("/v1/metrics") => {
                ExportMetricsServiceRequest::decode(body).map(|r| store.metrics(r)).is_ok()
            }
            _ => false,
        };
        store.0.lock().unwrap().headers.push_str(&head);
        let status = if known { "200 OK" } else { "400 Bad Request" };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.ok()?;
        bytes.drain(..end + length);
    }
}
