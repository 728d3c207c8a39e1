# The application: worker and command line in one image. Two stages, so that nothing used for building is shipped.
FROM python:3.11.14-slim-bookworm AS build
# The same uv as bootstrap.sh brings.
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-default-groups

FROM python:3.11.14-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin taskforce \
    && install -d -o taskforce -g taskforce /app/var /app/var/attachments
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY . .
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER taskforce
ENTRYPOINT ["python"]
CMD ["worker.py"]
