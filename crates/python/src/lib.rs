//! Python drivers: worker supervision, and each driver as a proxy of its worker.
