//! A name server of one's own, for names that lead where a test wants them to.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{CNAME, SOA};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;

/// Answers queries over UDP.
#[derive(Clone)]
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
}

#[derive(Default)]
struct Zone {
    /// What is answered one after the other; the last one stays.
    names: BTreeMap<String, VecDeque<Vec<RData>>>,
    /// Seconds for which answers may be kept.
    ttl: u32,
    asked: Vec<(String, RecordType)>,
}

impl NameServer {
    pub(crate) async fn start(ttl: u32) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: socket.local_addr().unwrap(),
            zone: Arc::new(Mutex::new(Zone {
                ttl,
                ..Zone::default()
            })),
        };
        let zone = server.zone.clone();
        tokio::spawn(async move {
            let mut buffer = vec![0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let query = Message::from_vec(&buffer[..length]).unwrap();
                let answer = zone.lock().unwrap().answer(&query);
                let _ = socket.send_to(&answer.to_vec().unwrap(), from).await;
            }
        });
        server
    }

    /// Has `name` stand for these addresses: of both versions, or of one.
    pub(crate) fn add(&self, name: &str, addresses: &[&str]) {
        self.then(name, addresses);
    }

    /// Has `name` stand for these addresses after what it stands for now was answered once.
    pub(crate) fn then(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter();
        let data =
            addresses.map(|address| RData::from(address.parse::<std::net::IpAddr>().unwrap()));
        self.push(name, data.collect());
    }

    /// Makes `name` an alias.
    pub(crate) fn alias(&self, name: &str, of: &str) {
        let of = Name::from_ascii(format!("{of}.")).unwrap();
        self.push(name, vec![RData::CNAME(CNAME(of))]);
    }

    fn push(&self, name: &str, data: Vec<RData>) {
        let mut zone = self.zone.lock().unwrap();
        zone.names
            .entry(name.to_owned())
            .or_default()
            .push_back(data);
    }

    /// How often the IPv4 addresses of a name were asked for.
    pub(crate) fn asked(&self, name: &str) -> usize {
        let zone = self.zone.lock().unwrap();
        let asked = zone.asked.iter();
        asked
            .filter(|(asked, kind)| asked == name && *kind == RecordType::A)
            .count()
    }
}

impl Zone {
    fn answer(&mut self, query: &Message) -> Message {
        let mut answer = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
        answer.metadata.recursion_desired = true;
        answer.metadata.recursion_available = true;
        let question = query.queries[0].clone();
        answer.add_query(question.clone());
        let kind = question.query_type;
        let mut name = question.name.clone();
        self.asked.push((spelled(&name), kind));
        loop {
            let Some(answers) = self.names.get_mut(&spelled(&name)) else {
                answer.metadata.response_code = ResponseCode::NXDomain;
                break;
            };
            let data = answers.front().cloned().unwrap_or_default();
            if answers.len() > 1 && data.iter().any(|data| data.record_type() == kind) {
                answers.pop_front();
            }
            let alias = data.iter().find_map(|data| match data {
                RData::CNAME(alias) => Some(alias.0.clone()),
                _ => None,
            });
            for data in data {
                if data.record_type() == kind || alias.is_some() {
                    answer.add_answer(Record::from_rdata(name.clone(), self.ttl, data));
                }
            }
            match alias {
                Some(alias) => name = alias,
                None => break,
            }
        }
        if answer.answers.is_empty() {
            let root = Name::root();
            let soa = SOA::new(root.clone(), root.clone(), 1, 60, 60, 60, 60);
            answer
                .authorities
                .push(Record::from_rdata(root, 60, RData::SOA(soa)));
        }
        answer
    }
}

fn spelled(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}
